import type { Expr } from "../graph/expr.js";
import { mul } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import type { Exprs } from "./optimizer.js";

/** Name of the scale in the state of `lossScaling`, whatever stands around that transform. */
export const scaleName = "loss_scaling.scale";

/** Of an optimizer's state the scale alone, under its name; nothing if the optimizer has none. */
export const scaleIn = <A>(state: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name === scaleName || name.endsWith(`.${scaleName}`)));

/**
 * The loss times the scale that the optimizer's state holds: what gradients are to be taken of under `lossScaling`. The loss
 * itself if the optimizer has none.
 *
 * @throws TypeError if the state holds two scales: one `lossScaling` goes around the whole optimizer.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { scaleLoss } from "@msrl/core/optim";
 * const loss = input("loss", "float32", []);
 * assert.deepStrictEqual(scaleLoss(loss, {}), loss);
 * @since 0.1.0
 */
export const scaleLoss = (loss: Expr, state: Exprs): Expr => {
  const scales = Object.entries(scaleIn(state));
  if (scales.length > 1) throw new TypeError(`one loss scale wanted, ${scales.map(([name]) => name).join(", ")} given`);
  const [found] = scales;
  return found ? mul(loss, cast(found[1], loss.dtype)) : loss;
};
