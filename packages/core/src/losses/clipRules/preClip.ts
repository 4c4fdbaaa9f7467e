import { above, checkOptions } from "../../configuration.js";
import { heldWithin } from "../../kl/logRatio.js";
import type { ClipRule } from "./clipRule.js";

/** The bound of StableReinforce, in nats: ratios between 1 / 1000 and 1000. */
export const preClipBound = Math.log(1000);

/**
 * A clip rule over log-ratios that are held within a bound before their exponential is taken:
 *
 *     d' = clip(log p - log p_old, -bound, bound)        (nats; flat beyond: no gradient there)
 *
 * Composes with every rule and every ratio level. A bound of 20 is that of verl's losses.
 *
 * StableReinforce: R1-Reward (2025), https://arxiv.org/abs/2505.02835
 *
 * @throws ConfigurationError for a bound that is not above 0.
 * @example
 * import { clipPpo, preClip } from "@msrl/core/losses";
 * assert.deepStrictEqual(preClip(clipPpo(), 20).name, "ppo");
 * assert.deepStrictEqual(preClip(clipPpo(), 20).options.preClip, 20);
 * @since 0.1.0
 */
export const preClip = (rule: ClipRule, bound: number = preClipBound): ClipRule => {
  checkOptions<{ readonly bound: number }>("preClip", { bound: above(0) }, {}, { bound });
  return {
    ...rule,
    options: { ...rule.options, preClip: bound },
    bounded: (logRatios, advantages) => {
      const held = heldWithin(logRatios, bound);
      return rule.bounded ? rule.bounded(held, advantages) : held;
    },
  };
};
