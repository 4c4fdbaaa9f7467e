import type { DType, Tensor } from "../tensor.js";

/** A dimension: a number, or a name that stands for the same number wherever it appears. */
export type Dim = number | string;

/** Dimensions, outermost first; the empty shape is a scalar. */
export type Shape = readonly Dim[];

/** Element type and shape: what is known of an expression before it runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** An attribute of an ONNX node. */
export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "graph"; readonly value: Subgraph };

/** Attributes of a node by ONNX's names. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** The body of a `Loop`: parameters, results, and the outer expressions it reads. */
export interface Subgraph {
  readonly parameters: readonly Expr[];
  readonly results: readonly Expr[];
  readonly captures: readonly Expr[];
}

/** An amount of gradient on its way to an expression. */
export interface Contribution {
  readonly to: Expr;
  readonly amount: Expr;
}

/** A gradient that stands in the place of the gradients of what a node was computed by. */
export interface OwnGradient {
  /** What the gradient may go to. */
  readonly reads: readonly Expr[];
  /** True if it computes what the values are computed by, whatever that is; else it is written for their element types. */
  readonly follows?: boolean;
  /**
   * From d loss / d output (one per output, absent where none arrived) to what arrives at `reads`, in order of summation;
   * `wants[i]` says whether that of `reads[i]` is needed. The node comes in because a copy of it has other reads.
   */
  readonly pullback: (
    node: Node,
    cotangents: readonly (Expr | undefined)[],
    wants: readonly boolean[],
  ) => readonly Contribution[];
}

/** A node of the graph: an ONNX operator applied to expressions; it may have several outputs. */
export interface Node {
  /**
   * ONNX operator, or `Input` for a graph input, `Parameter` for a parameter of a Loop body, and `Pass` for values that
   * have a gradient of their own: no model holds one.
   */
  readonly operator: string;
  /** Operator set: "" is ONNX's own, "com.microsoft" ONNX Runtime's. */
  readonly domain: string;
  /** Inputs in ONNX's order; `undefined` is an optional input left out. */
  readonly inputs: readonly (Expr | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly TensorType[];
  /** Name for messages, listings and drawn graphs. */
  readonly label?: string;
  /** What is wrong with it, if it does not fit its inputs. */
  readonly problem?: string;
  /** True for an Identity through which no gradient flows. */
  readonly stopsGradient?: boolean;
  /** The gradient of a `Pass`. */
  readonly gradient?: OwnGradient;
  /** True if it or something before it has a problem: its types mean nothing then. */
  readonly broken: boolean;
}

/** An expression: one output of a node. A value; building it computes nothing. */
export interface Expr extends TensorType {
  readonly node: Node;
  readonly output: number;
}
