import type { Contribution, Expr, OwnGradient } from "./expr.js";
import { add } from "./ops/elementwise.js";
import { expandLike } from "./ops/layout.js";
import { scalar } from "./ops/op.js";
import { order } from "./order.js";
import { pullback } from "./pullback.js";
import { type ScanParts, type Sequence, scanNode } from "./scanNode.js";
import { substitute } from "./substitute.js";

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
export interface Way {
  readonly body: ScanBody;
  readonly axis: number;
  /** How many carried values, sequences and outputs there are. */
  readonly counts: { readonly carried: number; readonly sequences: number; readonly outputs: number };
  /** What the body read when it was built; copies read something else in their place. */
  readonly captures: readonly Expr[];
  readonly label: string;
}

/** What a way back has before it: the reads by kind, and which of each kind a gradient is wanted of. */
interface Request {
  readonly initial: readonly Expr[];
  readonly sequences: readonly Expr[];
  readonly captures: readonly Expr[];
  /** The carried values before every step. */
  readonly kept: readonly Expr[];
  /** d loss / d of the last carried values, of the outputs. */
  readonly last: readonly (Expr | undefined)[];
  readonly given: readonly (Expr | undefined)[];
  /** Places: carried values that carry a gradient, sequences and captures that want one. */
  readonly onwards: readonly number[];
  readonly sliced: readonly number[];
  readonly summed: readonly number[];
}

const requestOf = (
  { counts }: Way,
  reads: readonly Expr[],
  values: readonly Expr[],
  cotangents: readonly (Expr | undefined)[],
  wants: readonly boolean[],
): Request => {
  const [first, behind] = [counts.carried, counts.carried + counts.sequences];
  const initial = reads.slice(0, first);
  const wanted = (from: number, to?: number): readonly number[] =>
    wants.slice(from, to).flatMap((want, at) => (want ? [at] : []));
  return {
    initial,
    sequences: reads.slice(first, behind),
    captures: reads.slice(behind),
    kept: values.slice(first + counts.outputs),
    last: cotangents.slice(0, first),
    given: cotangents.slice(first, first + counts.outputs),
    onwards: initial.flatMap((x, at) => (isFloat(x) ? [at] : [])),
    sliced: wanted(first, behind),
    summed: wanted(behind),
  };
};

/** One step back: the step again from what was kept of it, then what arrives at all that it read. */
const stepBack =
  ({ body, axis, captures }: Way, request: Request): ScanParts["body"] =>
  (carried, slices) => {
    const { initial, sequences, captures: read, given, onwards, sliced, summed } = request;
    const [first, behind] = [initial.length, initial.length + sequences.length];
    const ends = slices.slice(0, behind);
    const step = body(ends.slice(0, first), ends.slice(first));
    const results = substitute([...step.carried, ...step.outputs], captures, read);
    let next = behind;
    const cotangents = [
      ...initial.map((_, at) => carried[onwards.indexOf(at)]),
      ...given.map((d) => (d ? slices[next++] : undefined)),
    ];
    const wants = [
      ...initial.map((_, at) => onwards.includes(at)),
      ...sequences.map((_, at) => sliced.includes(at)),
      ...read.map((_, at) => summed.includes(at)),
    ];
    const sums = arrivals(results, cotangents, [...ends, ...read], wants);
    const totals = summed.map((at, place) => {
      const [before, more] = [carried[onwards.length + place]!, sums[behind + at]];
      return more ? add(before, more) : before;
    });
    const sumOr0 = (at: number): Expr => sums[at] ?? zerosLike(ends[at]!);
    return {
      carried: [...onwards.map(sumOr0), ...totals],
      outputs: sliced.map((at) => ({ expr: sumOr0(first + at), axis })),
    };
  };

/** The gradient of a scan: a scan from the last step to the first. */
export const scanBack =
  (way: Way): OwnGradient["pullback"] =>
  ({ gradient, inputs }, cotangents, wants) => {
    const request = requestOf(way, gradient!.reads, inputs as readonly Expr[], cotangents, wants);
    const { initial, sequences, captures, kept, last, given, onwards, sliced, summed } = request;
    const along = (expr: Expr): Sequence => ({ expr, axis: way.axis });
    const scanned = scanNode({
      initial: [
        ...onwards.map((at) => last[at] ?? zerosLike(initial[at]!)),
        ...summed.map((at) => zerosLike(captures[at]!)),
      ],
      sequences: [
        ...kept.map((expr) => ({ expr, axis: 0 })),
        ...sequences.map(along),
        ...given.flatMap((d) => (d ? [along(d)] : [])),
      ],
      reverse: true,
      label: `${way.label} backwards`,
      body: stepBack(way, request),
    });
    const contribution = (to: Expr, amount: Expr | undefined): Contribution => ({ to, amount: amount! });
    return [
      ...onwards.flatMap((at, place) => (wants[at] ? [contribution(initial[at]!, scanned.carried[place])] : [])),
      ...sliced.map((at, place) => contribution(sequences[at]!, scanned.outputs[place])),
      ...summed.map((at, place) => contribution(captures[at]!, scanned.carried[onwards.length + place])),
    ];
  };
