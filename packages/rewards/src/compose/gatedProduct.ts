import type { CompletionBatch, ScoredReward } from "@msrl/core";
import {
  type ConfigurationProblem,
  checkOptions,
  configurationError,
  optional,
  type Rule,
  type Rules,
  shown,
} from "@msrl/core/configuration";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { record } from "./arguments.js";
import {
  type NamedPart,
  partProblems,
  type ReferenceOf,
  type RewardPart,
  runParts,
  type WeightedPart,
  type WeightedParts,
} from "./parts.js";
import { scoreWith, weighted } from "./score.js";

/** What a gated product is made of. */
export interface GatedProductOptions<
  Result extends RewardPart<never>,
  Gated extends WeightedParts,
  Added extends WeightedParts,
> {
  /** What everything gated is multiplied by; its part is called `result`. */
  readonly result: Result;
  /** Parts that count only as far as the result does, by name. */
  readonly gated?: Gated;
  /** Parts that count whatever the result is, by name. */
  readonly added?: Added;
}

/** Parts that are left out ask for no reference. */
type NoParts = Readonly<Record<string, WeightedPart<unknown>>>;

const someParts: Rule = {
  wanted: "an object of one or more parts",
  fits: (value) => record.fits(value) && Object.keys(value as object).length > 0,
};
const rules: Rules<GatedProductOptions<never, never, never>> = {
  result: { ...record, wanted: "a part: { reward }" },
  gated: optional(someParts),
  added: optional(someParts),
};

/** The result is what others are weighed against. */
const unweighted = (result: object): readonly ConfigurationProblem[] =>
  "weight" in result
    ? [{ field: "result.weight", given: shown(result.weight), wanted: "none: gated and added parts have weights" }]
    : [];

const problemsOf = (
  result: NamedPart,
  gated: readonly NamedPart[],
  added: readonly NamedPart[],
): readonly ConfigurationProblem[] => {
  const taken = new Set(["result", ...gated.map(([name]) => name)]);
  return [
    ...partProblems(...result),
    ...gated.flatMap(([name, part]) => partProblems(`gated.${name}`, part)),
    ...added.flatMap(([name, part]) => partProblems(`added.${name}`, part)),
    ...gated.flatMap(([name]) => (name === "result" ? [{ field: "gated", given: name, wanted: "another name" }] : [])),
    ...added.flatMap(([name]) =>
      taken.has(name) ? [{ field: "added", given: name, wanted: "a name that no other part has" }] : [],
    ),
  ];
};

/**
 * A product of rewards that tells its parts: some count only if the result is good, others always.
 *
 *     total_i = result_i * (1 + sum_k w_k * gated_k,i) + sum_j v_j * added_j,i
 *
 * The sums are those of `weightedSum`: over the parts that apply (not `null`) and count (weight not 0). Where the result
 * does not apply the product is left out; `null` if nothing is left. Weights may be curricula; a weight of 0 makes a
 * metric. Parts are reported before their weights, with their reasons, run side by side, and fail as they do in
 * `weightedSum`: `onFailure` says what becomes of a completion that a part could not judge.
 *
 * R1-Reward: Training Multimodal Reward Model Through Stable Reinforcement Learning (2025),
 * https://arxiv.org/abs/2505.02835: result * (1 + 0.5 consistency) + 0.5 format.
 *
 * @throws ConfigurationError if the result has a weight, two parts have one name, a weight is not a finite number, or a
 *   failure policy is unknown.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, format, gatedProduct, perCompletion } from "@msrl/rewards";
 * const consistency = perCompletion("consistency", (text) => (text.includes("so A") ? 1 : -1));
 * const reward = gatedProduct({
 *   result: { reward: accuracy() },
 *   gated: { consistency: { reward: consistency, weight: 0.5 } },
 *   added: { format: { reward: format({ tags: ["think", "answer"] }), weight: 0.5 } },
 * });
 * const completion = { text: "<think>so A</think><answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" as const } };
 * const [score] = await toPromise(reward([judged]));
 * assert.deepStrictEqual([score!.value, score!.parts], [2, { result: 1, consistency: 1, format: 1 }]);
 * @since 0.1.0
 */
export const gatedProduct = <
  Result extends RewardPart<never>,
  Gated extends WeightedParts = NoParts,
  Added extends WeightedParts = NoParts,
>(
  options: GatedProductOptions<Result, Gated, Added>,
): ScoredReward<ReferenceOf<{ readonly result: Result }> & ReferenceOf<Gated> & ReferenceOf<Added>> => {
  checkOptions<object>("gatedProduct", rules, {}, options);
  const gated: readonly NamedPart[] = Object.entries(options.gated ?? {});
  const added: readonly NamedPart[] = Object.entries(options.added ?? {});
  const result: NamedPart = ["result", { ...options.result, weight: 1 }];
  const problems = [...unweighted(options.result), ...problemsOf(result, gated, added)];
  if (problems.length > 0) throw configurationError("gatedProduct", problems);
  const parts = [result, ...gated, ...added];
  const names = parts.map(([name]) => name);
  const last = 1 + gated.length;
  const scored: ScoredReward<ReferenceOf<{ readonly result: Result }> & ReferenceOf<Gated> & ReferenceOf<Added>> = (
    batch,
    context,
  ) =>
    pipe(
      runParts(parts, batch as CompletionBatch<never>, context),
      TE.map(({ weights, rows }) =>
        rows.map((marks) => scoreWith(names, marks, (values) => product(weights, values, last))),
      ),
    );
  return Object.assign(scored, { parts: names });
};

/** The total of values in the order result, gated, added; the last begin at `last`. */
const product = (
  weights: readonly number[],
  [result = null, ...others]: readonly (number | null)[],
  last: number,
): number | null => {
  const bonus = weighted(weights.slice(last), others.slice(last - 1));
  if (result === null) return bonus;
  return result * (1 + (weighted(weights.slice(1, last), others.slice(0, last - 1)) ?? 0)) + (bonus ?? 0);
};
