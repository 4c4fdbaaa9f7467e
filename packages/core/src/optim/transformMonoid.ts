import type { Monoid } from "fp-ts/Monoid";
import { chain } from "./chain.js";
import { identity } from "./identity.js";
import type { GradientTransform } from "./optimizer.js";

/**
 * Gradient transforms one after the other: `concat(a, b)` is `chain(a, b)`, `empty` is `identity`.
 *
 * Laws: concat(a, concat(b, c)) = concat(concat(a, b), c) and concat(empty, a) = a = concat(a, empty), in name, options,
 * state, updates and metrics.
 *
 * @example
 * import { sgd, transformMonoid } from "@msrl/core/optim";
 * const transform = sgd({ learningRate: 0.1 });
 * assert.deepStrictEqual(transformMonoid.concat(transformMonoid.empty, transform), transform);
 * @since 0.1.0
 */
export const transformMonoid: Monoid<GradientTransform> = { empty: identity, concat: (a, b) => chain(a, b) };
