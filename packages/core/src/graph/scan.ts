import type { Contribution, Expr, OwnGradient } from "./expr.js";
import { add } from "./ops/elementwise.js";
import { expandLike } from "./ops/layout.js";
import { scalar } from "./ops/op.js";
import { pass } from "./ops/pass.js";
import { order } from "./order.js";
import { pullback } from "./pullback.js";
import { type Sequence, scanNode } from "./scanNode.js";
import { fromFront } from "./shape.js";
import { substitute } from "./substitute.js";

/** What {@link scan} goes over. */
export interface ScanOptions {
  /** Carried values before the first step. */
  readonly initial: readonly Expr[];
  /** What is read slice by slice; at least one, all with as many slices. */
  readonly sequences: readonly Expr[];
  /** Axis along which the slices lie, and along which outputs are stacked; default 0. */
  readonly axis?: number;
}

/** One step of a scan: from the carried values and the slices to the next carried values and what is stacked. */
export type ScanBody = (
  carried: readonly Expr[],
  slices: readonly Expr[],
) => { readonly carried: readonly Expr[]; readonly outputs: readonly Expr[] };

const zerosLike = (x: Expr): Expr => expandLike(scalar(0, x.dtype), x);

const isFloat = ({ dtype }: Expr): boolean => dtype.includes("float");

/** Sums of what arrives at each of some ends of a step's way back; absent where nothing does. */
const arrivals = (
  results: readonly Expr[],
  cotangents: readonly (Expr | undefined)[],
  ends: readonly Expr[],
  wants: readonly boolean[],
): readonly (Expr | undefined)[] => {
  const outside = new Set(ends.map(({ node }) => node));
  const sums: (Expr | undefined)[] = ends.map(() => undefined);
  const take = ({ to, amount }: Contribution): boolean => {
    const at = ends.findIndex((end) => end.node === to.node && end.output === to.output);
    if (wants[at]) sums[at] = sums[at] ? add(sums[at], amount) : amount;
    return outside.has(to.node);
  };
  const seeds = results.flatMap((to, at) => (cotangents[at] ? [{ to, amount: cotangents[at] }] : []));
  pullback({ nodes: order(results, outside), wrt: ends.filter((_, at) => wants[at]), seeds, take });
  return sums;
};

/** What the way back needs to know of the way there. */
interface Way {
  readonly body: ScanBody;
  readonly axis: number;
  /** How many carried values, sequences and outputs there are. */
  readonly counts: { readonly carried: number; readonly sequences: number; readonly outputs: number };
  /** What the body read when it was built; copies read something else in their place. */
  readonly captures: readonly Expr[];
  readonly label: string;
}

/** A scan from the last step to the first: each step again from the values kept of it, then its gradient. */
const back =
  ({ body, axis, counts, captures, label }: Way): OwnGradient["pullback"] =>
  ({ gradient, inputs: values }, cotangents, wants) => {
    const reads = gradient!.reads;
    const [first, behind] = [counts.carried, counts.carried + counts.sequences];
    const [sequences, read] = [reads.slice(first, behind), reads.slice(behind)];
    const kept = values.slice(counts.carried + counts.outputs) as readonly Expr[];
    const onwards = reads
      .slice(0, first)
      .map((x, at) => (isFloat(x) ? at : -1))
      .filter((at) => at >= 0);
    const summed = read.flatMap((_, at) => (wants[behind + at] ? [at] : []));
    const sliced = sequences.flatMap((_, at) => (wants[first + at] ? [at] : []));
    const given = cotangents.slice(first, first + counts.outputs);
    const along = (expr: Expr): Sequence => ({ expr, axis });
    const scanned = scanNode({
      initial: [
        ...onwards.map((at) => cotangents[at] ?? zerosLike(reads[at]!)),
        ...summed.map((at) => zerosLike(read[at]!)),
      ],
      sequences: [
        ...kept.map((expr) => ({ expr, axis: 0 })),
        ...sequences.map(along),
        ...given.flatMap((d) => (d ? [along(d)] : [])),
      ],
      reverse: true,
      label: `${label} backwards`,
      body: (carried, slices) => {
        const ends = slices.slice(0, behind);
        const step = body(ends.slice(0, first), ends.slice(first));
        const results = substitute([...step.carried, ...step.outputs], captures, read);
        let next = behind;
        const arriving = [
          ...reads.slice(0, first).map((_, at) => carried[onwards.indexOf(at)]),
          ...given.map((d) => (d ? slices[next++] : undefined)),
        ];
        const all = [...ends, ...read];
        const asked = all.map((_, at) => (at < first ? onwards.includes(at) : (wants[at] ?? false)));
        const sums = arrivals(results, arriving, all, asked);
        return {
          carried: [
            ...onwards.map((at) => sums[at] ?? zerosLike(ends[at]!)),
            ...summed.map((at, place) => {
              const before = carried[onwards.length + place]!;
              const more = sums[behind + at];
              return more ? add(before, more) : before;
            }),
          ],
          outputs: sliced.map((at) => along(sums[first + at] ?? zerosLike(ends[first + at]!))),
        };
      },
    });
    const starts = onwards.flatMap((at, place) =>
      wants[at] ? [{ to: reads[at]!, amount: scanned.carried[place]! }] : [],
    );
    const totals = summed.map((at, place) => ({ to: read[at]!, amount: scanned.carried[onwards.length + place]! }));
    return [
      ...starts,
      ...sliced.map((at, place) => ({ to: sequences[at]!, amount: scanned.outputs[place]! })),
      ...totals,
    ];
  };

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
  const values = pass([...made.carried, ...made.outputs], { reads, pullback: back(way) }, label);
  return { carried: values.slice(0, initial.length), outputs: values.slice(initial.length, initial.length + counted) };
};
