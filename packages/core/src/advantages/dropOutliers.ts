import { above, checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { whitenDefaults, whitened } from "./whiten.js";

/** Settings of {@link dropOutliers}. */
export interface DropOutliersOptions {
  /** The largest |z| that is kept. */
  readonly limit: number;
  /** What z is: the advantage as it comes (whitened already), or its distance to the step's mean in deviations. */
  readonly z: "advantage" | "step";
}

/** Defaults of {@link dropOutliers}: StableReinforce's three deviations, of advantages that are whitened already. */
export const dropOutliersDefaults: DropOutliersOptions = { limit: 3, z: "advantage" };

const rules: Rules<DropOutliersOptions> = { limit: above(0), z: oneOf(["advantage", "step"]) };

const kept = (value: number, z: number, limit: number): number => (Math.abs(z) > limit ? 0 : value);

/** A completion's value, or each of its tokens', where its z is within the limit; else 0. */
const within = <Value extends number | readonly number[]>(value: Value, z: Value, limit: number): Value =>
  (typeof value === "number"
    ? kept(value, z as number, limit)
    : value.map((one, t) => kept(one, (z as readonly number[])[t]!, limit))) as Value;

/**
 * Any estimator, its outliers set to 0: one odd reward in a step of equal ones does not get to rule the update.
 *
 *     A <- A if |z| <= limit, else 0
 *
 * z is the advantage itself (`z: "advantage"`, for estimators that whiten), or (A - mean A) / std A over the step, in
 * which each completion weighs the same, sample deviation (`z: "step"`). Advantages of tokens are judged token by token.
 * StableReinforce is `dropOutliers({ limit: 3 })(reinforcePlusPlus(...))`; the bounds of its released code differ from
 * those of its paper, which are these.
 *
 * R1-Reward: Training Multimodal Reward Model Through Stable Reinforcement Learning (2025),
 * https://arxiv.org/abs/2505.02835
 *
 * @throws ConfigurationError for options that cannot be.
 * @example
 * import { dropOutliers, plainReward } from "@msrl/core/advantages";
 * assert.deepStrictEqual(dropOutliers({ limit: 3 })(plainReward)({ rewards: [[1, -4, 3]] }), [[1, 0, 3]]);
 * @since 0.1.0
 */
export const dropOutliers = (options: Partial<DropOutliersOptions> = {}) => {
  const { limit, z } = checkOptions("dropOutliers", rules, dropOutliersDefaults, options);
  const measured = { ...whitenDefaults, by: "sequence", varianceEpsilon: 0 } as const;
  return <Value extends number | readonly number[]>(advantage: Advantage<Value>): Advantage<Value> =>
    (scored) => {
      const advantages = advantage(scored);
      const measures = z === "step" ? whitened("dropOutliers", measured, scored, advantages) : advantages;
      return advantages.map((group, g) => group.map((value, i) => within(value, measures[g]![i]!, limit)));
    };
};
