import type { CompletionBatch, Mark, Reward, RewardContext, RewardError, Score, ScoredReward } from "@msrl/core";
import { configurationError } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as A from "fp-ts/ReadonlyArray";
import * as TE from "fp-ts/TaskEither";
import { marksOf, placeOf, rewardError } from "./marks.js";
import { scoreWith } from "./score.js";

/** What becomes of a completion that a part could not judge: the step fails, the part does not apply, or it has this value. */
export type OnFailure = "fail" | "null" | number;

/** A reward and how much it counts. */
export interface WeightedPart<Reference> {
  readonly reward: Reward<Reference>;
  /**
   * Factor of the part in the total, or a curriculum: the factor at a step; 0 makes it a metric: reported, never counted.
   */
  readonly weight: number | ((step: number) => number);
  /** Default `fail`. */
  readonly onFailure?: OnFailure;
}

/** Rewards by name, each with its weight. */
export type WeightedParts = Readonly<Record<string, WeightedPart<never>>>;

/** What all the parts together are judged against. */
export type ReferenceOf<Parts extends WeightedParts> = {
  [Name in keyof Parts]: Parts[Name] extends WeightedPart<infer Reference> ? (reference: Reference) => void : never;
}[keyof Parts] extends (reference: infer All) => void
  ? All
  : never;

type NamedPart = readonly [name: string, part: WeightedPart<never>];

const checkPart = ([name, { weight, onFailure = "fail" }]: NamedPart) => [
  ...(typeof weight === "function" || Number.isFinite(weight)
    ? []
    : [{ field: `${name}.weight`, given: String(weight), wanted: "a finite number or a function of the step" }]),
  ...(onFailure === "fail" || onFailure === "null" || Number.isFinite(onFailure)
    ? []
    : [{ field: `${name}.onFailure`, given: String(onFailure), wanted: `"fail", "null" or a finite number` }]),
];

const checkParts = (parts: readonly NamedPart[]): void => {
  const none = { field: "parts", given: "empty", wanted: "at least one reward" };
  const problems = parts.length === 0 ? [none] : parts.flatMap(checkPart);
  if (problems.length > 0) throw configurationError("weightedSum", problems);
};

/** The marks of a part, failures treated as it wants them; with `fail` the first of them is the part's error. */
const settled = (
  name: string,
  onFailure: OnFailure,
  batch: CompletionBatch<never>,
  result: E.Either<RewardError, readonly Mark[]>,
): E.Either<RewardError, readonly Mark[]> => {
  if (onFailure === "fail") {
    if (E.isLeft(result)) return result;
    const at = result.right.findIndex(({ failure }) => failure !== undefined);
    return at < 0 ? result : E.left(rewardError(name, `${placeOf(batch, at)}: ${result.right[at]?.failure}`));
  }
  const marks = E.isLeft(result)
    ? batch.map((): Mark => ({ value: null, failure: result.left.message }))
    : result.right;
  const value = onFailure === "null" ? null : onFailure;
  return E.right(marks.map((mark) => (mark.failure === undefined ? mark : { ...mark, value })));
};

/** Weights at a step; one that is no finite number there is the part's error. */
const weightsAt = (parts: readonly NamedPart[], step: number): E.Either<RewardError, readonly number[]> =>
  pipe(
    parts,
    E.traverseArray(([name, { weight }]) => {
      const now = typeof weight === "function" ? weight(step) : weight;
      return Number.isFinite(now)
        ? E.right(now)
        : E.left(rewardError(name, `its weight at step ${step} is ${now}, wanted a finite number`));
    }),
  );

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
  const named: readonly NamedPart[] = Object.entries(parts);
  checkParts(named);
  const names = named.map(([name]) => name);
  // Each part sees the fields it knows of a reference that has them all: the intersection is assignable to each.
  const runPart =
    ([name, { reward, onFailure = "fail" }]: NamedPart, batch: CompletionBatch<never>, context?: RewardContext) =>
    async () =>
      settled(name, onFailure, batch, await marksOf(name, reward as Reward<never>, batch, context)());
  return (batch, context): TE.TaskEither<RewardError, readonly Score[]> =>
    pipe(
      TE.fromEither(weightsAt(named, context?.step ?? 0)),
      TE.bindTo("weights"),
      TE.bind("columns", () =>
        pipe(
          named,
          A.traverse(TE.ApplicativePar)((part) => runPart(part, batch as CompletionBatch<never>, context)),
        ),
      ),
      TE.map(({ weights, columns }) =>
        batch.map((_, row) =>
          scoreWith(
            names,
            columns.map((column) => column[row]!),
            (values) => weighted(weights, values),
          ),
        ),
      ),
    );
};

/** The sum over parts that apply and count; null if there is none. */
const weighted = (weights: readonly number[], values: readonly (number | null)[]): number | null => {
  let total: number | null = null;
  for (const [at, weight] of weights.entries()) {
    const value = values[at] ?? null;
    if (value !== null && weight !== 0) total = (total ?? 0) + weight * value;
  }
  return total;
};
