import { mul } from "../../graph/ops/elementwise.js";
import type { ClipRule } from "./clipRule.js";

/**
 * No clip: the importance-weighted policy gradient. With r the ratio and A the advantage, to be maximised:
 *
 *     g = r A        gradient r A d(log p)
 *
 * Unbiased for tokens of the old policy, of a variance that grows with the ratio.
 *
 * Conservative policy iteration, as in PPO (2017), https://arxiv.org/abs/1707.06347, equation 6.
 *
 * @example
 * import { clipNone } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipNone.name, "none");
 * @since 0.1.0
 */
export const clipNone: ClipRule = {
  name: "none",
  options: {},
  clip: ({ ratio, advantages }) => ({ gain: mul(ratio, advantages), ratio }),
};
