import type { Expr } from "./expr.js";
import { pass } from "./ops/pass.js";

/**
 * Gradients of a value in place of those of its parts: from d loss / d value to d loss / d input, one per input, absent
 * where none flows. Inputs, value and what was saved for the gradient come as arguments because they are copies where the
 * value is computed again (`rematerialise`, `mixedPrecision`); what of outside is used besides is taken as it is.
 */
export type Pullback = (
  cotangent: Expr,
  inputs: readonly Expr[],
  value: Expr,
  saved: readonly Expr[],
) => readonly (Expr | undefined)[];

/**
 * A value whose gradient is the given one, not that of how it was computed.
 *
 * For what has a better gradient than its parts give: computed in chunks, more exact, or meant to differ (straight-through).
 * What is computed with the value and read by the gradient again is `saved`: it comes back to it, as a copy where the value is
 * one. Gradients flow to `inputs` alone; `grad` throws a TypeError if one is asked for by something else that the value reads.
 *
 * @example
 * import { customGradient, grad, input, reduceSum, sign } from "@msrl/core/graph";
 * const x = input("x", "float32", ["n"]);
 * const straight = customGradient(sign(x), [x], (d) => [d]); // sign forwards, identity backwards
 * const [dx] = grad(reduceSum(straight), [x]);
 * assert.deepStrictEqual(dx?.node.operator, "Expand"); // ones
 * @since 0.1.0
 */
export const customGradient = (
  value: Expr,
  inputs: readonly Expr[],
  gradient: Pullback,
  label?: string,
  saved: readonly Expr[] = [],
): Expr => {
  const [passed] = pass(
    [value, ...saved],
    {
      reads: inputs,
      pullback: ({ gradient: own, inputs: [current, ...copies] }, [cotangent], wants) =>
        gradient(cotangent!, own!.reads, current!, copies as readonly Expr[]).flatMap((amount, at) =>
          amount && wants[at] ? [{ to: own!.reads[at]!, amount }] : [],
        ),
    },
    label ?? "customGradient",
  );
  return passed!;
};
