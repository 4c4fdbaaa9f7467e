import type { CompletionBatch, Mark, Reward, RewardContext, RewardError, Score, ScoredReward } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as A from "fp-ts/ReadonlyArray";
import * as TE from "fp-ts/TaskEither";
import { record } from "../compose/arguments.js";
import { asScore } from "../compose/asScore.js";
import { fromMarks } from "../compose/fromMarks.js";
import { asMark } from "../compose/marks.js";
import { totalMark } from "../compose/total.js";
import { failed } from "../compose/wrapped.js";
import { type Judged, judging } from "./judging.js";
import { type IsolatedOptions, isolatedOptions } from "./options.js";

/** A reward computed by workers of its own. */
export type Isolated<Kind> = Kind & {
  /** Ends the workers; completions that they were asked about fail, as do later ones. Not needed for the program to end. */
  close(): void;
};

type Given = Partial<IsolatedOptions> & Pick<IsolatedOptions, "module">;

/** What a worker gave for a completion as a mark; the parts of a score become its reason. */
const markOf = (judged: Judged): Mark => {
  if ("failure" in judged) return failed(judged.failure);
  const { given } = judged;
  const score = record.fits(given) && record.fits((given as { readonly parts?: unknown }).parts);
  return score ? totalMark(given as Score) : asMark(given);
};

/** A completion that could not be judged, by none of the parts. */
const failedScore = (parts: readonly string[], failure: string): Score => ({
  value: null,
  parts: Object.fromEntries(parts.map((part) => [part, null])),
  failures: Object.fromEntries(parts.map((part) => [part, failure])),
});

export interface IsolatedReward {
  <Reference = unknown>(options: Given & { readonly parts: readonly string[] }): Isolated<ScoredReward<Reference>>;
  <Reference = unknown>(options: Given & { readonly parts?: undefined }): Isolated<Reward<Reference>>;
}

/**
 * A reward computed by processes of its own, so that nothing it does can hang the program, crash it or use up its memory.
 *
 * `module` exports the reward, or with `arguments` a function that makes it. Each completion has its own time and, with
 * those judged before it by the same worker, its own memory. One that overruns, exhausts the memory, ends the process or
 * lets an error go uncaught fails, alone: its worker is killed, the rest goes on in a new one. A worker that has judged
 * others before may suffer from what one of them left behind, so a completion that it does not survive is asked about
 * once more, in a new one, before it fails. So values do not depend on neighbours or on the number of workers, which keep
 * the order of the batch. An error of the reward, and what is no value, are failures of their completion as well. Values,
 * reasons and failures come back as they are. The parts of a reward that tells them do with `parts` (a `ScoredReward`
 * then, whose failures stand under every part); without, they become the reason, as by `total`.
 *
 * A worker is started when it is first needed, which takes as long as Node and the module need, has a limit of its own
 * and is not counted; it keeps no program open and dies with it. Where none can be started the batch is a `RewardError`
 * that names the module and says why. A signal of the context kills the workers that are busy for its call.
 *
 * Processes, since threads hold no memory limit: one large allocation in a worker thread aborts the program around it.
 * They have the rights of the program, so this is for rewards that may be wrong, not for code of strangers: `codeTests`
 * asks a sandbox. Time is that of the clock, which a busy machine makes longer; references and prompts are copied to the
 * worker, one that is the same as the one before is not sent again.
 *
 * @throws ConfigurationError with every option that cannot be: relative modules, arguments that cannot be cloned.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { isolated } from "@msrl/rewards";
 * const reward = isolated({ module: "@msrl/rewards", export: "mathEquivalence", arguments: [], milliseconds: 2000 });
 * const completion = { text: "\\boxed{0.5}", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "\\frac{1}{2}" } };
 * assert.deepStrictEqual(await toPromise(reward([judged])), [1]);
 * const hanging = isolated({ module: "data:text/javascript,export default () => { for (;;); }", milliseconds: 50 });
 * const [mark] = await toPromise(hanging.marks!([judged]));
 * assert.strictEqual(mark!.failure, "no score within 50 ms: the worker was ended");
 * @since 0.1.0
 */
export const isolated = ((given: Given) => {
  const options = isolatedOptions(given);
  const { parts, name = options.export === "default" ? options.module : options.export } = options;
  const { judge, close } = judging(name, options);
  const each =
    <Value>(value: (judged: Judged) => Value) =>
    (batch: CompletionBatch<never>, context?: RewardContext): TE.TaskEither<RewardError, readonly Value[]> =>
      pipe(judge(batch, context), TE.map(A.map(value)));
  if (parts === undefined) return Object.assign(fromMarks(name, each(markOf)), { close });
  const names = parts.length > 0 ? parts : [name];
  const scoreOf = (judged: Judged): Score =>
    "failure" in judged ? failedScore(names, judged.failure) : asScore(name, judged.given);
  return Object.assign(each(scoreOf), { parts, close });
}) as IsolatedReward;
