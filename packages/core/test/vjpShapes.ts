import type { Expr } from "../src/graph/expr.js";
import { type MatMulOptions, matmul } from "../src/graph/ops/matmul.js";

/** A dim of an input: a size, or a name and its size ("n=3"). */
export type Size = number | `${string}=${number}`;
/** Shapes of an expression's inputs. */
export type Shapes = readonly (readonly Size[])[];

/** An operator's use: shapes of its differentiated inputs, and the expression; `tensors` of it take part in the loss. */
export interface Use {
  readonly shapes: Shapes;
  readonly of: (...inputs: readonly Expr[]) => Expr | readonly Expr[];
  /** All inputs above zero. */
  readonly positive?: true;
  /**
   * Operators that ONNX Runtime has in float32 only; rounding (6e-8 of a loss near 10) over the step then asks for a
   * larger step. `linear` in each input: differences are exact at any step, 0.5 is taken. `smooth`: step 0.02.
   */
  readonly float32?: "linear" | "smooth";
}

const unaryShapes: Shapes = [[], [1], [2, 3], ["n=2", 1, 3]];
/** Uses of an operator of one input: a number, one axis, two, a named one. */
export const unary = (of: (x: Expr) => Expr, more: Partial<Use> = {}): readonly Use[] =>
  unaryShapes.map((shape) => ({ shapes: [shape], of: (x) => of(x!), ...more }));

const pairs: readonly Shapes[] = [
  [[], []],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 1, 2],
    [3, 1],
  ],
  [["n=2", 3], [3]],
  [
    [1, 1],
    ["n=2", "m=3"],
  ],
  [
    ["n=2", 1, "m=2"],
    ["n=2", 3, 1],
  ],
];
/** Uses of an operator of two inputs that broadcast. */
export const binary = (of: (a: Expr, b: Expr) => Expr, more: Partial<Use> = {}): readonly Use[] =>
  pairs.map((shapes) => ({ shapes, of: (a, b) => of(a!, b!), ...more }));

type Reduce = (x: Expr, axes?: readonly number[], options?: { readonly keepDims?: boolean }) => Expr;
/** Uses of a reduction: over all axes and some, kept and dropped. */
export const reduction = (of: Reduce): readonly Use[] =>
  [true, false].flatMap((keepDims) => [
    { shapes: [[2, 3]], of: (x) => of(x!, undefined, { keepDims }) },
    { shapes: [[2, 3, 2]], of: (x) => of(x!, [-2], { keepDims }) },
    { shapes: [[2, 1, 3]], of: (x) => of(x!, [0, -2], { keepDims }) },
    { shapes: [["n=2", 3]], of: (x) => of(x!, [0], { keepDims }) },
    { shapes: [["n=2", "m=3", 2]], of: (x) => of(x!, [-1], { keepDims }) },
    { shapes: [["n=2", "m=3"]], of: (x) => of(x!, undefined, { keepDims }) },
  ]);

/** Uses of an operator along one axis. */
export const axes = (of: (x: Expr, axis: number) => Expr): readonly Use[] => [
  { shapes: [[4]], of: (x) => of(x!, 0) },
  { shapes: [[2, 3]], of: (x) => of(x!, -1) },
  { shapes: [[2, 3, 2]], of: (x) => of(x!, 1) },
  { shapes: [["n=2", 3]], of: (x) => of(x!, -2) },
  { shapes: [[2, 1]], of: (x) => of(x!, -1) },
];

const productShapes: readonly Shapes[] = [
  [
    [2, 3],
    [3, 2],
  ],
  [
    [2, 2, 3],
    [3, 2],
  ],
  [
    [2, 3],
    [2, 3, 1],
  ],
  [
    [2, 1, 2, 3],
    [2, 3, 2],
  ],
  [
    ["n=2", 3],
    [3, 2],
  ],
  [
    ["n=2", "m=2", 3],
    [3, 2],
  ],
  [
    ["n=2", 2, "m=3"],
    ["n=2", "m=3", 1],
  ],
];
const swapped = (shape: readonly Size[]): readonly Size[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
/** Uses of a matrix product: plain, batched, broadcast, with named sizes. */
export const products = (options: MatMulOptions, more: Partial<Use> = {}): readonly Use[] =>
  productShapes.map(([a, b]) => ({
    shapes: [options.transA ? swapped(a!) : a!, options.transB ? swapped(b!) : b!],
    of: (x, y) => matmul(x!, y!, options),
    ...more,
  }));
