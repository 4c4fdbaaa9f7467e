import { createHash } from "node:crypto";
import * as E from "fp-ts/Either";
import { emit } from "./emit.js";
import type { Expr, TensorType } from "./expr.js";
import { order } from "./order.js";
import { type GraphError, graphError, problemsOf } from "./problems.js";
import { distinctResults } from "./results.js";
import { share } from "./share.js";

/** A graph as an ONNX file in memory, ready to compile or to save. */
export interface Model {
  readonly name: string;
  /** SHA-256 of the bytes in hex: equal graphs have equal hashes. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly inputs: Readonly<Record<string, TensorType>>;
  readonly outputs: Readonly<Record<string, TensorType>>;
  /** Number of ONNX nodes, those of loop bodies included. */
  readonly nodes: number;
}

const typeOf = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape });

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));

const write = (name: string, outputs: Readonly<Record<string, Expr>>): Model => {
  const shared = share(outputs);
  const exprs = Object.values(shared);
  const results = distinctResults(exprs, order(exprs));
  const { bytes, ordered, nodes } = emit(
    name,
    Object.fromEntries(Object.keys(shared).map((key, at) => [key, results[at]!])),
  );
  const inputs = ordered.flatMap(({ operator, label, outputs: [type] }): [string, TensorType][] =>
    operator === "Input" && label !== undefined && type ? [[label, typeOf(type)]] : [],
  );
  return {
    name,
    hash: createHash("sha256").update(bytes).digest("hex"),
    bytes,
    inputs: Object.fromEntries(inputs),
    outputs: mapValues(outputs, typeOf),
    nodes,
  };
};

/** What a model computes and how it is called. */
export interface ToModelOptions {
  readonly name: string;
  readonly outputs: Readonly<Record<string, Expr>>;
}

/**
 * The ONNX file of named outputs: everything they need, each common subexpression once, nothing else.
 *
 * The `Input` nodes reached become the inputs; values are called by their labels, else by operator and place; named
 * dims stay names, so that one file fits any batch. Equal graphs give equal bytes.
 *
 * Left with every problem of the graph at once: what does not fit at any node, two inputs of one name and different
 * types, an output called as an input is, no output at all.
 *
 * @example
 * import * as E from "fp-ts/Either";
 * import { input, reduceMean, toModel } from "@msrl/core/graph";
 * const x = input("x", "float32", ["batch", 3]);
 * const model = toModel({ name: "mean", outputs: { mean: reduceMean(x, [0]) } });
 * assert.deepStrictEqual(E.isRight(model) && model.right.outputs, { mean: { dtype: "float32", shape: [3] } });
 * @since 0.1.0
 */
export const toModel = ({ name, outputs }: ToModelOptions): E.Either<GraphError, Model> => {
  const problems = problemsOf(outputs);
  return problems.length > 0 ? E.left(graphError(name, problems)) : E.right(write(name, outputs));
};
