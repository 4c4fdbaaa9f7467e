import type { Key, Label, Prompt, Tagged } from "@msrl/core";
import {
  type ConfigurationProblem,
  callable,
  checkOptions,
  oneOf,
  optional,
  type Rule,
  type Rules,
  shown,
  wholeFrom,
} from "@msrl/core/configuration";
import type { Policy, PolicyError, Sampling } from "@msrl/core/policy";
import type { Assemble } from "../../captions/insertCaption.js";
import { type AnyConfidence, unaskable } from "../confidence/measure.js";
import type { FilterOptions } from "../filter.js";
import type { SwapTrace } from "../position/swapTrace.js";
import { type TieRule, tieRules } from "../vote.js";

/** A policy with its weights, and what they are called. */
export interface Teacher<State> {
  readonly policy: Policy<State>;
  readonly state: State;
  /** Which weights: a path or a step, for the provenance of the examples. */
  readonly checkpoint?: string;
}

/** A sample for {@link cmkd}: what the student will see, and what the teacher reads. */
export interface CmkdSample {
  /** The student's prompt, with the media themselves; its id names the sample. */
  readonly prompt: Prompt;
  /** The teacher's prompt, with captions in the place of the media. */
  readonly asked: Prompt;
  /** The teacher's prompt with A and B exchanged; wanted where candidates see both orders. */
  readonly swapped?: Prompt;
  /** The caption the student is to reproduce. */
  readonly caption: string;
  /** Gold label, for the yield table and ties of rule `label`; never needed. */
  readonly label?: Label;
}

/** How the trace is chosen. */
export interface CmkdSelect {
  /** How sure the teacher is of a candidate: a function, or a measure that asks it; `meanLogProb` by default. */
  readonly confidence?: AnyConfidence;
  /** Samples whose best trace has a lower confidence are dropped; none by default. */
  readonly threshold?: number;
}

/** Settings of {@link cmkd}. */
export interface CmkdOptions<State> extends FilterOptions {
  /** The caption-trained policy. */
  readonly teacher: Teacher<State>;
  /** Traces a sample; the paper does not say how many. */
  readonly candidates?: number;
  readonly sampling: Omit<Sampling, "samples">;
  /** What becomes of a tied vote; `dropped` by default. */
  readonly ties?: TieRule;
  readonly select?: CmkdSelect;
  /** Further confidences of every candidate, by name, for the provenance. */
  readonly measures?: Readonly<Record<string, AnyConfidence>>;
  /** `both`: half of the candidates see A and B exchanged and are mapped back. */
  readonly positions?: "given" | "both";
  /** How a trace is mapped back; `swapTrace()` by default. */
  readonly swap?: SwapTrace;
  /** Writes the student's completion; the caption before `<think>` by default. */
  readonly assemble?: Assemble;
  readonly key: Key;
  /** JSONL file that is written while it goes on, and that a later call with the same settings goes on with. */
  readonly file?: string;
  /** Samples in one call of the teacher; part of what the draws hang on. */
  readonly batchSize?: number;
  /** Calls of the teacher under way at once at most; changes no draw. 1 for a policy here, 16 f.e. for one on a server. */
  readonly concurrency?: number;
  /** `skip`: a sample (a batch) that the teacher fails at is left out and told in `failed`; `stop` by default. */
  readonly onFailure?: "stop" | "skip";
  /** Failures in a row after which it stops all the same: the teacher is gone. */
  readonly failuresInRow?: number;
  /** Stops before the next batch; those under way are finished and kept. */
  readonly signal?: AbortSignal;
  /** Told of every sample as it is done, those a file held among them. */
  readonly onSample?: (id: string, done: number, of: number) => void;
}

/** Settings of {@link cmkd} where none are given. */
export const cmkdDefaults = {
  candidates: 8,
  batchSize: 1,
  concurrency: 1,
  ties: "dropped",
  positions: "given",
  onFailure: "stop",
  failuresInRow: 20,
} as const;

/** What {@link cmkd} can fail at. */
export type CmkdError =
  | PolicyError
  | Tagged<"CmkdSamples", { readonly ids: readonly string[] }>
  | Tagged<"CmkdFile", { readonly file: string; readonly line?: number; readonly field?: string }>
  | Tagged<"CmkdStopped", { readonly done: number; readonly of: number }>;

const record: Rule = { wanted: "an object", fits: (value) => typeof value === "object" && value !== null };

const rules: Rules<CmkdOptions<never>> = {
  teacher: {
    wanted: "{ policy, state }",
    fits: (value) => typeof (value as Partial<Teacher<never>> | null)?.policy?.sample === "function",
  },
  candidates: wholeFrom(1),
  sampling: record,
  hasFormat: callable,
  readVerdict: callable,
  ties: oneOf(tieRules),
  select: optional(record),
  measures: optional(record),
  positions: oneOf(["given", "both"]),
  swap: optional(callable),
  assemble: optional(callable),
  key: record,
  file: optional({ wanted: "a path", fits: (value) => typeof value === "string" && value !== "" }),
  batchSize: wholeFrom(1),
  concurrency: wholeFrom(1),
  onFailure: oneOf(["stop", "skip"]),
  failuresInRow: wholeFrom(1),
  signal: optional(record),
  onSample: optional(callable),
};

/** Confidences by the names of their options. */
const confidencesOf = <State>({
  select,
  measures = {},
}: CmkdOptions<State>): Readonly<Record<string, AnyConfidence>> => ({
  ...(select?.confidence && { "select.confidence": select.confidence }),
  ...Object.fromEntries(Object.entries(measures).map(([name, each]) => [`measures.${name}`, each])),
});

const fields = { select: ["confidence", "threshold"], sampling: ["temperature", "maxTokens"] } as const;

/** What cannot be in the objects among the options: a name that is none, a sampling without its numbers. */
const inside = <State>({ select, sampling }: CmkdOptions<State>): readonly ConfigurationProblem[] => [
  ...Object.keys(select ?? {})
    .filter((name) => !fields.select.some((known) => known === name))
    .map((name) => ({ field: `select.${name}`, given: "not an option", wanted: `one of ${fields.select.join(", ")}` })),
  ...fields.sampling
    .filter((name) => !(typeof sampling?.[name] === "number" && sampling[name] >= 0))
    .map((name) => ({ field: `sampling.${name}`, given: shown(sampling?.[name]), wanted: "a number of at least 0" })),
];

const together = <State>(options: CmkdOptions<State>): readonly ConfigurationProblem[] => {
  const { positions, candidates, measures, select } = options;
  const threshold = select?.threshold;
  const odd = positions === "both" && candidates! % 2 !== 0;
  return [
    ...inside(options),
    ...unaskable((text) => options.teacher?.policy?.tokenize(text) ?? [0], confidencesOf(options)),
    ...(odd
      ? [{ field: "candidates", given: shown(candidates), wanted: "an even number where positions is both" }]
      : []),
    ...(measures && Object.hasOwn(measures, "confidence")
      ? [{ field: "measures.confidence", given: "a measure", wanted: "another name: that is select.confidence's" }]
      : []),
    ...(threshold !== undefined && !(typeof threshold === "number" && !Number.isNaN(threshold))
      ? [{ field: "select.threshold", given: shown(threshold), wanted: "a number" }]
      : []),
  ];
};

/** Options of {@link cmkd} with their defaults. */
export type CheckedCmkd<State> = CmkdOptions<State> & Required<Pick<CmkdOptions<State>, keyof typeof cmkdDefaults>>;

/** The options over their defaults; throws ConfigurationError with everything that cannot be. */
export const checkCmkd = <State>(options: CmkdOptions<State>): CheckedCmkd<State> =>
  checkOptions("cmkd", rules as Rules<CmkdOptions<State>>, cmkdDefaults, options, together) as CheckedCmkd<State>;
