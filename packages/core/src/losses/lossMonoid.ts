import type { Monoid } from "fp-ts/Monoid";
import type { Loss } from "./loss.js";
import { sumLosses } from "./sumLosses.js";

/**
 * Losses under addition: `concat(a, b)` is `sumLosses` of the two at weight 1, `empty` the loss that is 0 everywhere.
 *
 * Laws: concat(a, concat(b, c)) = concat(concat(a, b), c) and concat(empty, a) = a = concat(a, empty), in name, options,
 * needs, loss and metrics.
 *
 * @example
 * import { crossEntropy, lossMonoid } from "@msrl/core/losses";
 * assert.deepStrictEqual(lossMonoid.concat(lossMonoid.empty, crossEntropy()).name, "cross_entropy");
 * @since 0.1.0
 */
export const lossMonoid: Monoid<Loss> = {
  empty: sumLosses([]),
  concat: (a, b) =>
    sumLosses([
      { loss: a, weight: 1 },
      { loss: b, weight: 1 },
    ]),
};
