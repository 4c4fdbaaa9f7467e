import type { CompletionBatch, ScoredReward } from "@msrl/core";
import { configurationError } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkArguments, record } from "./arguments.js";
import { type NamedPart, partProblems, type ReferenceOf, runParts, type WeightedParts } from "./parts.js";
import { scoreWith, weighted } from "./score.js";

const checkParts = (parts: readonly NamedPart[]): void => {
  const none = { field: "parts", given: "empty", wanted: "at least one reward" };
  const problems = parts.length === 0 ? [none] : parts.flatMap(([name, part]) => partProblems(name, part));
  if (problems.length > 0) throw configurationError("weightedSum", problems);
};

/**
 * The weighted sum of named rewards, which tells its parts.
 *
 *     total_i = sum over parts p that apply to completion i (value not null, weight not 0) of w_p * r_p,i
 *
 * `null` if none applies. The parts are reported before their weight, with their reasons. Parts run side by side. A
 * weight may be a curriculum: a function of the step, which is 0 where the caller knows of none. A part that fails
 * (its server is gone, its function threw, its value is not finite, its list is too short) makes the whole step a
 * `RewardError` that names it, or with `onFailure` does not apply, or has a constant value, to the completions that it
 * failed at; those are counted by `failures`.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108: r = r_accuracy + r_format + r_task.
 *
 * @throws ConfigurationError if there is no part, a weight is not a finite number, or a failure policy is unknown.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, format, msrlWeights, weightedSum } from "@msrl/rewards";
 * const reward = weightedSum({
 *   accuracy: { reward: accuracy(), weight: msrlWeights.accuracy },
 *   format: { reward: format({ tags: ["think", "answer"] }), weight: msrlWeights.format },
 * });
 * const completion = { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" as const } };
 * const [score] = await toPromise(reward([judged]));
 * assert.deepStrictEqual([score!.value, score!.parts], [1, { accuracy: 1, format: 0 }]);
 * assert.strictEqual(score!.reasons!.accuracy, "A is the label");
 * @since 0.1.0
 */
export const weightedSum = <Parts extends WeightedParts>(parts: Parts): ScoredReward<ReferenceOf<Parts>> => {
  checkArguments("weightedSum", ["parts", record, parts]);
  const named: readonly NamedPart[] = Object.entries(parts);
  checkParts(named);
  const names = named.map(([name]) => name);
  // Each part sees the fields it knows of a reference that has them all: the intersection is assignable to each.
  const scored: ScoredReward<ReferenceOf<Parts>> = (batch, context) =>
    pipe(
      runParts(named, batch as CompletionBatch<never>, context),
      TE.map(({ weights, rows }) =>
        rows.map((marks) => scoreWith(names, marks, (values) => weighted(weights, values))),
      ),
    );
  return Object.assign(scored, { parts: names });
};
