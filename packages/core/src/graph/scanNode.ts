import * as E from "fp-ts/Either";
import { capturesOf, dependents } from "./captures.js";
import type { Attribute, Attributes, Expr, Shape, Subgraph, TensorType } from "./expr.js";
import { parameter } from "./ops/loop.js";
import { apply, type Infer, int, ints, outputOf } from "./ops/op.js";
import { sameShape, showShape } from "./shape.js";

/** Something read or written step by step, and the axis along which the steps lie. */
export interface Sequence {
  readonly expr: Expr;
  readonly axis: number;
}

/** The type of what a body sees of a sequence in one step. */
export const sliceType = ({ expr: { dtype, shape }, axis }: Sequence): TensorType => ({
  dtype,
  shape: shape.filter((_, at) => at !== axis),
});

/** What a step gives: the next carried values, and what is stacked, each along an axis of the result. */
export interface Step {
  readonly carried: readonly Expr[];
  readonly outputs: readonly Sequence[];
}

/** What a scan is made of; `reverse`: from the last step to the first, results in the order of the steps all the same. */
export interface ScanParts {
  readonly initial: readonly Expr[];
  readonly sequences: readonly Sequence[];
  readonly body: (carried: readonly Expr[], slices: readonly Expr[]) => Step;
  readonly reverse?: boolean;
  readonly label?: string;
}

const showType = ({ dtype, shape }: TensorType): string => `${dtype} ${showShape(shape)}`;

const problemOf = (initial: readonly Expr[], sequences: readonly Sequence[], { carried }: Step): string | undefined => {
  if (sequences.length === 0) return "at least one sequence wanted, none given";
  const [first] = sequences;
  const steps = first!.expr.shape[first!.axis];
  const odd = sequences.find(({ expr, axis }) => expr.shape[axis] === undefined || expr.shape[axis] !== steps);
  if (odd) return `axis ${odd.axis} of ${showShape(odd.expr.shape)} is not the ${steps} steps of the first sequence`;
  if (carried.length !== initial.length) return `${initial.length} carried values wanted back, ${carried.length} given`;
  const at = initial.findIndex((x, place) => {
    const back = carried[place]!;
    return back.dtype !== x.dtype || !sameShape(back.shape, x.shape);
  });
  if (at < 0) return undefined;
  return `carried value ${at} begins as ${showType(initial[at]!)}, comes back as ${showType(carried[at]!)}`;
};

const stackedShape = ({ expr: { shape }, axis }: Sequence, steps: Shape[number]): Shape => [
  ...shape.slice(0, axis),
  steps,
  ...shape.slice(axis),
];

/** ONNX's attributes of a scan. */
const attributesOf = (body: Subgraph, { sequences, reverse }: ScanParts, outputs: readonly Sequence[]): Attributes => {
  const directions = (all: readonly Sequence[]): Attribute => ints(all.map(() => (reverse ? 1 : 0)));
  const axes = (all: readonly Sequence[]): Attribute => ints(all.map(({ axis }) => axis));
  return {
    body: { kind: "graph", value: body },
    num_scan_inputs: int(sequences.length),
    scan_input_axes: axes(sequences),
    scan_input_directions: directions(sequences),
    ...(outputs.length > 0 && { scan_output_axes: axes(outputs), scan_output_directions: directions(outputs) }),
  };
};

/** ONNX's Scan: the carried values after the last step, and the stacked outputs. Its body may read what is outside. */
export const scanNode = (parts: ScanParts) => {
  const { initial, sequences, body, label } = parts;
  const own = initial.map((x, at) => parameter(x, `carried_${at}`));
  const slices = sequences.map((sequence, at) => parameter(sliceType(sequence), `slice_${at}`));
  const step = body(own, slices);
  const parameters = [...own, ...slices];
  const results = [...step.carried, ...step.outputs.map(({ expr }) => expr)];
  const broken = results.some(({ node }) => node.broken);
  const problem = broken ? "its body has problems" : problemOf(initial, sequences, step);
  const captures = broken ? results : capturesOf(dependents(parameters, results), { parameters, results });
  const steps = sequences[0]?.expr.shape[sequences[0].axis] ?? 0;
  const outputs = [
    ...initial.map(({ dtype, shape }) => ({ dtype, shape })),
    ...step.outputs.map((output) => ({ dtype: output.expr.dtype, shape: stackedShape(output, steps) })),
  ];
  const infer: Infer = () => (problem === undefined ? E.right(outputs) : E.left(problem));
  const node = apply(
    { operator: "Scan", domain: "", infer },
    [...initial, ...sequences.map(({ expr }) => expr)],
    attributesOf({ parameters, results, captures }, parts, step.outputs),
    label,
  );
  const exprs = outputs.map((_, at) => outputOf(node, node.broken ? 0 : at));
  return { carried: exprs.slice(0, initial.length), outputs: exprs.slice(initial.length), captures };
};
