import type { Pixels } from "@msrl/core";

/** Version of the report's data model; the first field of every `report.json`. */
export const reportFormat = "msrl-report/1";

/** A plain value: what JSON can hold. */
export type Plain = null | boolean | number | string | readonly Plain[] | PlainRecord;

/** Plain values by name. */
export interface PlainRecord {
  readonly [name: string]: Plain;
}

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

/** What one training step measured. */
export interface StepRecord {
  readonly step: number;
  readonly metrics: Numbers;
}

/** One stage of training: its steps, its wall time in seconds, and numbers about it as a whole. */
export interface StageReport {
  /** Identifies the stage; evaluations refer to it. */
  readonly name: string;
  /** What people read. */
  readonly title: string;
  /** How it learns: `sft`, `grpo`, ... */
  readonly kind: string;
  readonly steps: readonly StepRecord[];
  readonly seconds: number;
  readonly summary: Numbers;
}

/** Accuracy on the items of one task. */
export interface TaskAccuracy {
  /** Share of items judged right, 0 to 1. */
  readonly accuracy: number;
  /** Items judged. */
  readonly count: number;
}

/** Accuracy on a named set of held-out items, at one point of the run. */
export interface Evaluation extends TaskAccuracy {
  /** Name of the stage it came after; any other name stands for a point of its own, such as `before training`. */
  readonly after: string;
  /** Name of the set; the set of the first evaluation is the headline. */
  readonly name: string;
  readonly byTask: Readonly<Record<string, TaskAccuracy>>;
  /** Other measurements on the same items; shares of them (0 to 1), such as exact captions, are shown in per cent. */
  readonly extra: Numbers;
}

/** One row of a comparison: this run, or what it is compared with. */
export interface Comparison {
  readonly label: string;
  /** 0 to 1. */
  readonly accuracy: number;
  readonly standardError?: number;
  readonly note?: string;
}

/** An image (one frame) or a video (frames in time) of a sample. */
export interface SampleImage {
  readonly caption?: string;
  readonly pixels: readonly Pixels[];
}

/** A sample judgement: what was asked, what the model wrote, what was right. */
export interface SampleJudgement {
  readonly id: string;
  readonly task: string;
  readonly promptText: string;
  readonly completion: string;
  /** The gold answer; absent where there is none. */
  readonly label?: string;
  /** The answer read from the completion; absent if none could be read. */
  readonly verdict?: string;
  readonly images: readonly SampleImage[];
}

/** A small table of counts or shares, such as how many traces every filter let through. */
export interface YieldTable {
  readonly title: string;
  readonly rows: readonly { readonly label: string; readonly values: Numbers }[];
  readonly note?: string;
}

/** Metrics drawn together; see `panels` of {@link Report}. */
export interface Panel {
  readonly title: string;
  /** Metric names, compared as snake case; a `*` at the end stands for any ending. */
  readonly metrics: readonly string[];
  /** True if the values are shares, shown in per cent; if one of them is outside 0 to 1, all are shown as plain numbers. */
  readonly percent?: boolean;
  /** False if every stage has a value axis of its own; otherwise they share one. */
  readonly shared?: boolean;
  /** False if the values are exact, such as a schedule: joined as they are, not averaged. */
  readonly smooth?: boolean;
}

/** A training run as plain data: everything that the page of `renderReport` shows. */
export interface Report {
  readonly format: typeof reportFormat;
  readonly name: string;
  readonly description?: string;
  /** When the run ended, as the caller wants it read. */
  readonly created?: string;
  readonly configuration: PlainRecord;
  readonly versions: { readonly node: string; readonly packages: Readonly<Record<string, string>> };
  /** The machine, in names and numbers: processor, cores, memory, device. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly stages: readonly StageReport[];
  readonly evaluations: readonly Evaluation[];
  readonly comparisons: readonly Comparison[];
  readonly samples: readonly SampleJudgement[];
  readonly yields: readonly YieldTable[];
  readonly notes: readonly string[];
  /** How metrics are grouped into charts; absent: `defaultPanels`. Metrics in no panel are drawn under "Other metrics". */
  readonly panels?: readonly Panel[];
}
