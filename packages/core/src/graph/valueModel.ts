import type * as E from "fp-ts/Either";
import type { Expr } from "./expr.js";
import { type InputTypes, modelInputs } from "./modelInputs.js";
import type { Named } from "./plainArray.js";
import type { GraphError } from "./problems.js";
import { type Model, toModel } from "./toModel.js";

const isExpr = (result: Expr | Readonly<Record<string, Expr>>): result is Expr =>
  "node" in result && "output" in result;

/**
 * A function of expressions as a portable model: a KL estimator, a statistic, a schedule in a file that any ONNX runtime runs.
 *
 * Inputs are those of the function that it reads, by their names. Outputs: `value`, or what the function names.
 *
 * Left with `GraphError` and all that does not fit together in the function. `saveModel` writes the file.
 *
 * @example
 * import * as E from "fp-ts/Either";
 * import { type Expr, valueModel } from "@msrl/core/graph";
 * import { k3 } from "@msrl/core/kl";
 * const kl = ({ policy, reference }: { policy: Expr; reference: Expr }) => k3(policy, reference);
 * const model = valueModel("k3", kl, { policy: ["batch", "time"], reference: ["batch", "time"] });
 * assert.deepStrictEqual(E.isRight(model) && model.right.outputs, { value: { dtype: "float32", shape: ["batch", "time"] } });
 * @since 0.1.0
 */
export const valueModel = <Inputs extends Named<Inputs>>(
  name: string,
  f: (inputs: Inputs) => Expr | Readonly<Record<string, Expr>>,
  types: InputTypes<Inputs>,
): E.Either<GraphError, Model> => {
  const result = f(modelInputs(types));
  return toModel({ name, outputs: isExpr(result) ? { value: result } : result });
};
