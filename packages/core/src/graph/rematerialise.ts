import { capturesOf, dependents } from "./captures.js";
import type { Contribution, Expr, OwnGradient } from "./expr.js";
import { equal } from "./ops/elementwise.js";
import { slice } from "./ops/layout.js";
import { pass } from "./ops/pass.js";
import { reduceSum } from "./ops/reduce.js";
import { where } from "./ops/select.js";
import { order } from "./order.js";
import { pullback } from "./pullback.js";
import { substitute } from "./substitute.js";

/** One number of an expression; 0 if it has none. */
const oneOf = (x: Expr): Expr => reduceSum(x.shape.reduce((part, _, axis) => slice(part, axis, 0, 1), x));

/**
 * The same `x`, bit for bit and whatever `x` and `after` hold, that cannot be computed before `after` is.
 *
 * Both branches of the choice are `x`, so no bit of it can change; the condition is read from `after`, so that neither
 * this library nor ONNX Runtime takes the value for `x` itself and merges what is computed from the two.
 */
const behind = (x: Expr, after: Expr): Expr => {
  if (x.dtype === "bool") return x;
  const one = oneOf(after);
  return where(equal(one, one), x, x);
};

const same = (a: Expr, b: Expr): boolean => a.node === b.node && a.output === b.output;

/** The gradient by all reads, of which the first `count` are the inputs: the values are computed again from copies of them. */
const again =
  (count: number): OwnGradient["pullback"] =>
  ({ gradient, inputs: values }, cotangents, wants) => {
    const reads = gradient!.reads;
    const [inputs, captures] = [reads.slice(0, count), reads.slice(count)];
    const after = cotangents.find((cotangent) => cotangent !== undefined)!;
    const ends = [...inputs.map((x) => behind(x, after)), ...captures];
    const copies = substitute(values as readonly Expr[], inputs, ends, captures);
    const outside = new Set(ends.map(({ node }) => node));
    const found: Contribution[] = [];
    const take = ({ to, amount }: Contribution): boolean => {
      const at = ends.findIndex((end) => same(end, to));
      if (wants[at]) found.push({ to: reads[at]!, amount });
      return outside.has(to.node);
    };
    const seeds = copies.flatMap((to, at) => (cotangents[at] ? [{ to, amount: cotangents[at] }] : []));
    pullback({ nodes: order(copies, outside), wrt: ends.filter((_, at) => wants[at]), seeds, take });
    return found;
  };

/**
 * A function of expressions whose inner values are not kept for the backward pass: it computes them again from its inputs.
 *
 * What lives from the forward pass to the backward one is then the function's inputs and results, at the cost of a second
 * forward pass: for a decoder, one call a layer. Value and gradient are those of `f`, bit for bit, as long as nothing of
 * outside is computed from the inputs between its parts (sums of three gradients or more would then run in another order).
 * Gradients also flow to what `f` reads besides its inputs: weights need not be passed.
 *
 * @throws TypeError from `grad` if it is asked for a gradient by a value inside `f`.
 * Chen et al., Training Deep Nets with Sublinear Memory Cost (2016), https://arxiv.org/abs/1604.06174
 *
 * @example
 * import { type Expr, grad, input, matmul, reduceSum, rematerialise, tanh } from "@msrl/core/graph";
 * const [x, w] = [input("x", "float32", ["n", 4]), input("w", "float32", [4, 4])];
 * const layer = rematerialise((h: Expr) => tanh(matmul(tanh(matmul(h, w)), w)));
 * const [dw] = grad(reduceSum(layer(layer(x))), [w]);
 * assert.deepStrictEqual(dw?.shape, [4, 4]);
 * @since 0.1.0
 */
export const rematerialise =
  <Inputs extends readonly Expr[], Result extends Expr | readonly Expr[]>(
    f: (...inputs: Inputs) => Result,
    label = "rematerialise",
  ) =>
  (...inputs: Inputs): Result => {
    const result = f(...inputs);
    const values: readonly Expr[] = "node" in result ? [result] : result;
    const region = dependents(inputs, values);
    const captures = capturesOf(region, { parameters: [], results: values });
    const reads = [...inputs, ...captures.filter((read) => !inputs.some((x) => same(x, read)))];
    const passed = pass(values, { reads, pullback: again(inputs.length), follows: true }, label);
    return ("node" in result ? passed[0] : passed) as Result;
  };
