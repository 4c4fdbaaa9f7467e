import type * as E from "fp-ts/Either";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { type InputTypes, modelInputs } from "./modelInputs.js";
import type { Named } from "./plainArray.js";
import type { GraphError } from "./problems.js";
import { type Model, toModel } from "./toModel.js";

/**
 * A scalar function of expressions and its gradient as a portable model.
 *
 * Inputs are those of the function that it reads, by their names. Outputs: `value`, and `gradient.<input>` in the shape and
 * type of each input that is a float.
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
  f: (inputs: Inputs) => Expr,
  types: InputTypes<Inputs>,
): E.Either<GraphError, Model> => {
  const inputs = modelInputs(types);
  const value = f(inputs);
  const floats = Object.entries<Expr>(inputs).filter(([, { dtype }]) => dtype.includes("float"));
  const gradients = grad(
    value,
    floats.map(([, expr]) => expr),
  );
  const named = floats.map(([of], at) => [`gradient.${of}`, gradients[at]!] as const);
  return toModel({ name, outputs: { value, ...Object.fromEntries(named) } });
};
