import { equal, mul } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import type { ClipRule } from "./clipRule.js";

/**
 * No ratio at all: the score function of REINFORCE. With A the advantage, to be maximised:
 *
 *     g = A log p        gradient A d(log p)
 *
 * The log-prob of a token of advantage 0 does not matter, be it -inf.
 *
 * Williams, Simple Statistical Gradient-Following Algorithms (1992), https://doi.org/10.1007/BF00992696; verl's `gpg`.
 *
 * @example
 * import { scoreFunction } from "@msrl/core/losses";
 * assert.deepStrictEqual(scoreFunction.name, "score_function");
 * @since 0.1.0
 */
export const scoreFunction: ClipRule = {
  name: "score_function",
  options: {},
  clip: ({ ratio, logProbs, advantages }) => ({
    gain: mul(advantages, where(equal(advantages, 0), 0, logProbs)),
    ratio,
  }),
};
