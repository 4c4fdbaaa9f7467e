import type { CompletionBatch, Reward, RewardError, Score, ScoredReward } from "@msrl/core";
import { configurationError } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as A from "fp-ts/ReadonlyArray";
import * as TE from "fp-ts/TaskEither";
import { run } from "./run.js";

/** A reward and how much it counts. */
export interface WeightedPart<Reference> {
  readonly reward: Reward<Reference>;
  /** Factor of the part in the total; 0 makes it a metric: reported, never counted. */
  readonly weight: number;
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

const checkParts = (parts: readonly NamedPart[]): void => {
  const unfit = parts.flatMap(([name, { weight }]) =>
    Number.isFinite(weight) ? [] : [{ field: `${name}.weight`, given: String(weight), wanted: "a finite number" }],
  );
  const none = { field: "parts", given: "empty", wanted: "at least one reward" };
  const problems = parts.length === 0 ? [none] : unfit;
  if (problems.length > 0) throw configurationError("weightedSum", problems);
};

/** The total of one completion: null if no part that counts applies. */
const scoreOf = (parts: readonly NamedPart[], values: readonly (number | null)[]): Score => {
  let total: number | null = null;
  for (const [at, [, { weight }]] of parts.entries()) {
    const value = values[at] ?? null;
    if (value !== null && weight !== 0) total = (total ?? 0) + weight * value;
  }
  return { value: total, parts: Object.fromEntries(parts.map(([name], at) => [name, values[at] ?? null])) };
};

/**
 * The weighted sum of named rewards, which tells its parts.
 *
 *     total_i = sum over parts p that apply to completion i (value not null, weight not 0) of w_p * r_p,i
 *
 * `null` if none applies. The parts are reported before their weight. Parts run side by side. A part that fails, gives
 * a list of the wrong length or a value that is not finite makes the whole step a `RewardError` that names the part.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108: r = r_accuracy + r_format + r_task.
 *
 * @throws ConfigurationError if there is no part, or a weight is not a finite number.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, format, msrlWeights, weightedSum } from "@msrl/rewards";
 * const reward = weightedSum({
 *   accuracy: { reward: accuracy(), weight: msrlWeights.accuracy },
 *   format: { reward: format({ tags: ["think", "answer"] }), weight: msrlWeights.format },
 * });
 * const completion = { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" as const } };
 * assert.deepStrictEqual(await toPromise(reward([judged])), [{ value: 1, parts: { accuracy: 1, format: 0 } }]);
 * @since 0.1.0
 */
export const weightedSum = <Parts extends WeightedParts>(parts: Parts): ScoredReward<ReferenceOf<Parts>> => {
  const named: readonly NamedPart[] = Object.entries(parts);
  checkParts(named);
  // Each part sees the fields it knows of a reference that has them all: the intersection is assignable to each.
  const runPart = ([name, { reward }]: NamedPart, batch: CompletionBatch<ReferenceOf<Parts>>) =>
    run(name, reward as Reward<unknown>, batch);
  return (batch): TE.TaskEither<RewardError, readonly Score[]> =>
    pipe(
      named,
      A.traverse(TE.ApplicativePar)((part) => runPart(part, batch)),
      TE.map((columns) =>
        batch.map((_, row) =>
          scoreOf(
            named,
            columns.map((column) => column[row] ?? null),
          ),
        ),
      ),
    );
};
