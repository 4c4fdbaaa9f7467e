import type * as E from "fp-ts/Either";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { type LossResult, lossParts } from "./lossParts.js";
import { type InputTypes, modelInputs } from "./modelInputs.js";
import type { Named } from "./plainArray.js";
import type { GraphError } from "./problems.js";
import { type Model, toModel } from "./toModel.js";

/**
 * A scalar function of expressions and its gradient as a portable model.
 *
 * Inputs are those of the function that it reads, by their names. Outputs: `value`, `gradient.<input>` in the shape and type
 * of each input that is a float, and `metric.<name>` where the function gives a loss with metrics, as `dpo()` does.
 *
 * Left with `GraphError` and all that does not fit together in the function.
 *
 * @throws TypeError if the function is no scalar or has no gradient.
 * @example
 * import * as E from "fp-ts/Either";
 * import { type Expr, mul, reduceSum, valueAndGradModel } from "@msrl/core/graph";
 * const model = valueAndGradModel("squares", ({ x }: { x: Expr }) => reduceSum(mul(x, x)), { x: ["n"] });
 * assert.deepStrictEqual(E.isRight(model) && Object.keys(model.right.outputs), ["value", "gradient.x"]);
 * @since 0.1.0
 */
export const valueAndGradModel = <Inputs extends Named<Inputs>>(
  name: string,
  f: (inputs: Inputs) => LossResult,
  types: InputTypes<Inputs>,
): E.Either<GraphError, Model> => {
  const inputs = modelInputs(types);
  const { loss: value, metrics } = lossParts(f(inputs));
  const floats = Object.entries<Expr>(inputs).filter(([, { dtype }]) => dtype.includes("float"));
  const gradients = grad(
    value,
    floats.map(([, expr]) => expr),
  );
  const named = floats.map(([of], at) => [`gradient.${of}`, gradients[at]!] as const);
  const reported = Object.entries(metrics).map(([of, metric]) => [`metric.${of}`, metric] as const);
  return toModel({ name, outputs: { value, ...Object.fromEntries(named), ...Object.fromEntries(reported) } });
};
