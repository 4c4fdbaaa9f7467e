import type { Expr } from "./expr.js";
import { pass } from "./ops/pass.js";

/**
 * Gradients of a value in place of those of its parts: from d loss / d value to d loss / d input, one per input, absent
 * where none flows. Inputs and value come as arguments because they are copies where the value is computed again
 * (`rematerialise`); what of outside is used besides is taken as it is.
 */
export type Pullback = (cotangent: Expr, inputs: readonly Expr[], value: Expr) => readonly (Expr | undefined)[];

/**
 * A value whose gradient is the given one, not that of how it was computed.
 *
 * For what has a better gradient than its parts give: computed in chunks, more exact, or meant to differ (straight-through).
 * Gradients flow to `inputs` alone; `grad` throws a TypeError if one is asked for by something else that the value reads.
 *
 * @example
 * import { customGradient, grad, input, reduceSum, sign } from "@msrl/core/graph";
 * const x = input("x", "float32", ["n"]);
 * const straight = customGradient(sign(x), [x], (d) => [d]); // sign forwards, identity backwards
 * const [dx] = grad(reduceSum(straight), [x]);
 * assert.deepStrictEqual(dx?.node.operator, "Expand"); // ones
 * @since 0.1.0
 */
export const customGradient = (value: Expr, inputs: readonly Expr[], gradient: Pullback, label?: string): Expr => {
  const [passed] = pass(
    [value],
    {
      reads: inputs,
      pullback: ({ gradient: own, inputs: [current] }, [cotangent], wants) =>
        gradient(cotangent!, own!.reads, current!).flatMap((amount, at) =>
          amount && wants[at] ? [{ to: own!.reads[at]!, amount }] : [],
        ),
    },
    label ?? "customGradient",
  );
  return passed!;
};
