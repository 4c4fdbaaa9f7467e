import { isTagged, tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import type { CmkdResult } from "./cmkdExamples.js";
import { judgeRecord } from "./run/judgeRecord.js";
import { measuresOf } from "./run/measureRecords.js";
import { type CheckedCmkd, type CmkdError, type CmkdOptions, type CmkdSample, checkCmkd } from "./run/options.js";
import { type CmkdFailure, recordsOf } from "./run/recordsOf.js";
import { openTraceFile, type TraceFile, type TraceSettings } from "./run/traceFile.js";
import type { TraceRecord } from "./run/traceRecord.js";
import { yieldTable } from "./yieldTable.js";

/** Examples, the samples that gave none, the table of both, and all that was drawn, in the order of the samples. */
export interface CmkdRun extends CmkdResult {
  readonly records: readonly TraceRecord[];
  /** Samples that the teacher failed at, where failures are skipped: in none of the others, and asked for by the next run. */
  readonly failed: readonly CmkdFailure[];
}

/** What a file's traces hang on, as far as it can be written down. */
const settingsOf = <State>(options: CheckedCmkd<State>): TraceSettings => ({
  teacher: options.teacher.policy.name,
  checkpoint: options.teacher.checkpoint ?? null,
  candidates: options.candidates,
  positions: options.positions,
  batchSize: options.batchSize,
  sampling: JSON.stringify(Object.entries(options.sampling).sort(([a], [b]) => (a < b ? -1 : 1))),
  key: `${options.key.high}:${options.key.low}`,
  ties: options.ties,
  threshold: options.select?.threshold ?? null,
  measures: Object.keys(measuresOf(options)).join(" "),
});

const checkSamples = (samples: readonly CmkdSample[], both: boolean): void => {
  const met = new Set<string>();
  const twice = samples.flatMap(({ prompt: { id } }) => (met.size === met.add(id).size ? [id] : []));
  if (twice.length > 0)
    throw tagged("CmkdSamples", `cmkd: ids have to be unique, these are there twice: ${twice.join(", ")}`, {
      ids: twice,
    });
  const bare = both ? samples.filter(({ swapped }) => swapped === undefined).map(({ prompt }) => prompt.id) : [];
  if (bare.length > 0)
    throw tagged("CmkdSamples", `cmkd: positions is both, but these have no swapped prompt: ${bare.join(", ")}`, {
      ids: bare,
    });
};

const inMemory: TraceFile = { records: new Map(), append: async () => undefined };

const run = async <State>(options: CheckedCmkd<State>, samples: readonly CmkdSample[]): Promise<CmkdRun> => {
  const { file } = options;
  checkSamples(samples, options.positions === "both");
  const kept = file === undefined ? inMemory : await openTraceFile(file, settingsOf(options));
  const { records, failed } = await recordsOf(options, kept, samples);
  const drawn = records.flatMap((record, at) => (record ? [{ record, sample: samples[at]! }] : []));
  const judged = drawn.map(({ record, sample }) => judgeRecord(options, sample, record));
  const labelled = judged.map(({ outcome }, at) => {
    const { label } = drawn[at]!.sample;
    return label === undefined ? { outcome } : { outcome, label };
  });
  return {
    examples: judged.flatMap(({ example }) => (example ? [example] : [])),
    dropped: judged.flatMap(({ outcome }) => (outcome._tag === "Dropped" ? [outcome] : [])),
    table: yieldTable(labelled),
    records: drawn.map(({ record }) => record),
    failed,
  };
};

const asError = (cause: unknown): CmkdError => {
  if (isTagged(cause)) return cause as CmkdError;
  throw cause;
};

/** The TaskEither door of {@link cmkd}. */
export const cmkdTask = <State>(options: CmkdOptions<State>) => {
  const checked = checkCmkd(options);
  return (samples: readonly CmkdSample[]): TE.TaskEither<CmkdError, CmkdRun> =>
    TE.tryCatch(() => run(checked, samples), asError);
};

/**
 * Cross-modal knowledge distillation as a whole: a caption-trained teacher writes n traces of each sample from its caption,
 * and the best of them becomes what the student is to write when it sees the picture.
 *
 *     o_1 .. o_n ~ teacher(caption, question)                    one rollout a prompt, which its candidates share
 *     y* = vote(verdicts)                                        1. pseudo-label
 *     C  = { o : hasFormat(o), verdict(o) = y* }                 2. format and agreement filter
 *     o* = argmax over o in C of confidence(o)                   3. selection
 *     example: [media + question] -> <type>..</type> <caption>c</caption> <think>..</think> <answer>..</answer>
 *
 * With `positions: "both"` half of the candidates see A and B exchanged, which cancels a liking for a place; their verdicts
 * vote mapped back, and a trace is chosen only if all of its text can be mapped back (`swapTrace`).
 *
 * With a `file` each sample is a line as soon as it is done (the example with its provenance or the reason why there is none,
 * and all candidates). A run that was killed goes on with it: no finished call of the teacher is made again, nothing is
 * lost, and the result has the bits of one that was not interrupted, for draws hang on the key and the sample's id (with
 * `batchSize` above 1: the ids of its batch). A sample whose prompts have changed since (other captions) is drawn anew. A file
 * of other settings is a `CmkdFile` that names the setting; the functions are taken as the same. One run at a time writes a file.
 *
 * A call of the teacher is a batch. For a policy on a server leave `batchSize` at 1 and raise `concurrency`: each sample is
 * kept as soon as it is done. Replies of a sample that is not done yet are kept by `keptReplies` of `@msrl/core/openai`.
 *
 * Errors: the teacher's, unless `onFailure` is `skip`; `CmkdSamples` (an id twice, no swapped prompt), `CmkdFile`, `CmkdStopped` (the signal). This is the
 * Promise door. MSRL (2026), stage 2, https://arxiv.org/abs/2603.25108, which leaves n and the confidence open.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { key } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { cmkd } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const texts = ["<think>red</think> A", "<think>blue</think> B", "<think>so red</think> A"];
 * const completions = texts.map((text, at) => ({ text, tokenIds: [1], logProbs: [-1 / (at + 1)], truncated: false }));
 * const policy: Policy<null> = {
 *   name: "scripted",
 *   gives: [],
 *   tokenize: () => [1],
 *   sample: (_, prompts) => TE.right(prompts.map((prompt) => ({ prompt, completions }))),
 *   logProbs: () => TE.right([]),
 * };
 * const make = cmkd({
 *   teacher: { policy, state: null },
 *   candidates: 3,
 *   sampling: { temperature: 1, maxTokens: 8 },
 *   hasFormat: (text) => text.startsWith("<think>"),
 *   readVerdict: (text) => (text.endsWith("A") ? "A" : "B"),
 *   key: key(1),
 * });
 * const prompt = { id: "s1", messages: [] }; // in earnest: the picture here, its caption in `asked`
 * const { examples, table } = await make([{ prompt, asked: prompt, caption: "a red fox", label: "A" }]);
 * assert.strictEqual(examples[0]!.completion, "<caption> a red fox </caption> <think>so red</think> A");
 * assert.deepStrictEqual([table.kept, table.accuracy.voted], [1, 1]);
 * @since 0.1.0
 */
export const cmkd = <State>(options: CmkdOptions<State>) => {
  const make = cmkdTask(options);
  return (samples: readonly CmkdSample[]): Promise<CmkdRun> => toPromise(make(samples));
};
