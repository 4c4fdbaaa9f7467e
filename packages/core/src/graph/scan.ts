import type { Expr } from "./expr.js";
import { pass } from "./ops/pass.js";
import { type ScanBody, scanBack } from "./scanBack.js";
import { scanNode } from "./scanNode.js";
import { fromFront } from "./shape.js";

/** What {@link scan} goes over. */
export interface ScanOptions {
  /** Carried values before the first step. */
  readonly initial: readonly Expr[];
  /** What is read slice by slice; at least one, all with as many slices. */
  readonly sequences: readonly Expr[];
  /** Axis along which the slices lie, and along which outputs are stacked; default 0. */
  readonly axis?: number;
}

/**
 * A recurrence over the slices of sequences, with a gradient: the carried values after the last step, and what each step gives,
 * stacked.
 *
 *     carried, output[t] = body(carried, slice[t])        t = 0, 1, ...
 *
 * One ONNX Scan, whatever the length, known or named. Carried values keep type and shape. The body may read expressions
 * of outside; gradients flow to them, to the initial values and to the sequences. The carried values of every step are
 * kept for the way back, which computes each step again from them; without a gradient, `loop` keeps nothing.
 *
 * @example
 * import { add, grad, input, mul, reduceSum, scan } from "@msrl/core/graph";
 * const [x, decay] = [input("x", "float32", ["time", 4]), input("decay", "float32", [])];
 * const start = input("start", "float32", [4]);
 * const { outputs } = scan({ initial: [start], sequences: [x] }, ([mean], [now]) => {
 *   const next = add(mul(mean!, decay), now!);
 *   return { carried: [next], outputs: [next] };
 * });
 * const [dDecay] = grad(reduceSum(outputs[0]!), [decay]);
 * assert.deepStrictEqual([outputs[0]?.shape, dDecay?.shape], [["time", 4], []]);
 * @since 0.1.0
 */
export const scan = (
  { initial, sequences, axis: given = 0 }: ScanOptions,
  body: ScanBody,
  label = "scan",
): { readonly carried: readonly Expr[]; readonly outputs: readonly Expr[] } => {
  const axis = fromFront(given, sequences[0]?.shape.length ?? 1);
  let counted = 0;
  const made = scanNode({
    initial,
    sequences: sequences.map((expr) => ({ expr, axis })),
    label,
    body: (carried, slices) => {
      const step = body(carried, slices);
      counted = step.outputs.length;
      const kept = carried.map((expr) => ({ expr, axis: 0 }));
      return { carried: step.carried, outputs: [...step.outputs.map((expr) => ({ expr, axis })), ...kept] };
    },
  });
  const counts = { carried: initial.length, sequences: sequences.length, outputs: counted };
  const reads = [...initial, ...sequences, ...made.captures];
  const way = { body, axis, counts, captures: made.captures, label };
  const values = pass([...made.carried, ...made.outputs], { reads, pullback: scanBack(way) }, label);
  return { carried: values.slice(0, initial.length), outputs: values.slice(initial.length, initial.length + counted) };
};
