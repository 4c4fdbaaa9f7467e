import { finalLine, liveLine, type ProgressState, plainLine, type ShownMetric } from "./progress-line.js";
import { type Mark, timeLeft, withMark } from "./time-left.js";

export type { ShownMetric } from "./progress-line.js";

/** Where progress goes and what time it is. */
export interface ProgressOptions {
  /** Takes the text as it is to appear: `(text) => process.stderr.write(text)`. */
  readonly write: (text: string) => void;
  /** True for a terminal, where the line is rewritten in place; false for a log, which gets whole lines. */
  readonly isTTY: boolean;
  /** Milliseconds from any origin, never going back: `() => performance.now()`. */
  readonly now: () => number;
  /** Width of the terminal, or how to ask for it, since it changes. */
  readonly columns?: number | (() => number);
  /** Milliseconds between two lines at least; see {@link defaultEveryMs}. */
  readonly everyMs?: number;
}

/** Milliseconds between two lines: on a terminal, in a log. */
export const defaultEveryMs = { terminal: 100, log: 5000 } as const;

/** What progress needs to know of a stage. */
export interface StageProgress {
  readonly title: string;
  /** Steps of the whole stage; 0 if not known. */
  readonly total: number;
  /** Steps made before, in a run that was resumed: the pace is taken from the new ones only. */
  readonly from?: number;
  readonly metrics?: readonly ShownMetric[];
}

/** The line of one stage. */
export interface ProgressLine {
  /** A step was made: `step` of `total` are done. */
  step(step: number, metrics?: Readonly<Record<string, number>>): void;
  /** Time passed and nothing else happened; keeps the clock of a slow step going. */
  tick(): void;
  /** Prints a text of its own above the line. */
  log(text: string): void;
  /** The last line, which stays; a second call does nothing. */
  finish(note?: string): void;
}

/** Makes the line of each stage. */
export interface Progress {
  stage(stage: StageProgress): ProgressLine;
}

/** What changes while a stage runs. */
interface Running {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly marks: readonly Mark[];
  readonly printedAt: number;
  readonly finished: boolean;
}

const clear = "\u001b[K";

const startLine = (options: ProgressOptions, stage: StageProgress): ProgressLine => {
  const { write, isTTY, now, columns = 80, everyMs = isTTY ? defaultEveryMs.terminal : defaultEveryMs.log } = options;
  const { title, total, from = 0, metrics: shown = [] } = stage;
  const start = now();
  let running: Running = {
    step: from,
    metrics: {},
    marks: [{ step: from, at: start }],
    printedAt: start,
    finished: false,
  };

  const state = (): ProgressState => {
    const elapsed = (now() - start) / 1000;
    const left = timeLeft(running.marks, total);
    return { title, step: running.step, total, metrics: running.metrics, elapsed, ...(left !== undefined && { left }) };
  };
  const width = () => Math.max(1, (typeof columns === "function" ? columns() : columns) - 1);
  const draw = (): void => {
    running = { ...running, printedAt: now() };
    write(isTTY ? `\r${liveLine(state(), shown, width())}${clear}` : `${plainLine(state(), shown)}\n`);
  };
  const drawIfDue = (): void => {
    if (!running.finished && now() - running.printedAt >= everyMs) draw();
  };

  if (isTTY) draw();
  return {
    step: (step, metrics = {}) => {
      const marks = withMark(running.marks, { step, at: now() });
      running = { ...running, step, metrics: { ...running.metrics, ...metrics }, marks };
      drawIfDue();
    },
    tick: drawIfDue,
    log: (text) => {
      const live = isTTY && !running.finished;
      write(live ? `\r${clear}${text}\n` : `${text}\n`);
      if (live) draw();
    },
    finish: (note) => {
      if (running.finished) return;
      running = { ...running, finished: true };
      write(`${isTTY ? `\r` : ""}${finalLine(state(), shown, note)}${isTTY ? clear : ""}\n`);
    },
  };
};

/**
 * Progress of training, one live line a stage: title, bar, steps, chosen metrics, time gone and time left.
 *
 * On a terminal the line is rewritten in place; elsewhere a line is printed every few seconds. Time left follows the pace of
 * the last steps. Numbers that are not finite are left out.
 *
 * @example
 * import { createProgress } from "@msrl/stages";
 * let text = "";
 * const write = (more: string) => { text += more; };
 * const line = createProgress({ write, isTTY: false, now: () => 0 }).stage({ title: "SFT", total: 1, metrics: ["loss"] });
 * line.step(1, { loss: 0.25 });
 * line.finish();
 * assert.strictEqual(text, "\u2713 SFT \u00b7 1 step \u00b7 loss 0.25 \u00b7 0.0s\n");
 * @since 0.1.0
 */
export const createProgress = (options: ProgressOptions): Progress => ({
  stage: (stage) => startLine(options, stage),
});
