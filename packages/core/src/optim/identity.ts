import { chain } from "./chain.js";
import type { GradientTransform } from "./optimizer.js";

/**
 * The transform that hands gradients on as they are, without state: the unit of `chain`.
 *
 * @example
 * import { identity } from "@msrl/core/optim";
 * assert.deepStrictEqual(identity.init({ w: { dtype: "float32", shape: [2] } }), {});
 * @since 0.1.0
 */
export const identity: GradientTransform = chain();
