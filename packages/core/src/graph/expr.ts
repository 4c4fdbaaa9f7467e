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

/** A node of the graph: an ONNX operator applied to expressions; it may have several outputs. */
export interface Node {
  /** ONNX operator, or `Input` for a graph input and `Parameter` for a parameter of a Loop body. */
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
  /** True if it or something before it has a problem: its types mean nothing then. */
  readonly broken: boolean;
}

/** An expression: one output of a node. A value; building it computes nothing. */
export interface Expr extends TensorType {
  readonly node: Node;
  readonly output: number;
}
