import { elementwise } from "./ops/elementwise.js";
import { layouts } from "./ops/layout.js";
import { products } from "./ops/matmul.js";
import { normalizations } from "./ops/normalize.js";
import { type Op, opKey } from "./ops/op.js";
import { reductions } from "./ops/reduce.js";
import { selections } from "./ops/select.js";
import { elementwiseVjps } from "./vjps/elementwise.js";
import { layoutVjps } from "./vjps/layout.js";
import { matmulVjps } from "./vjps/matmul.js";
import { normalizeVjps } from "./vjps/normalize.js";
import { reduceVjps } from "./vjps/reduce.js";
import { selectVjps } from "./vjps/select.js";
import type { Vjp } from "./vjps/vjp.js";

const all: readonly Op[] = [elementwise, layouts, products, normalizations, reductions, selections].flatMap((group) =>
  Object.values(group),
);

/** Every operator by its key (`Add`, `com.microsoft.FusedMatMul`). */
export const ops: Readonly<Record<string, Op>> = Object.fromEntries(all.map((op) => [opKey(op), op]));

/** Gradients by operator key; an operator without one stops the gradient only if nothing asks for it. */
export const vjps: Readonly<Record<string, Vjp>> = {
  ...elementwiseVjps,
  ...layoutVjps,
  ...matmulVjps,
  ...normalizeVjps,
  ...reduceVjps,
  ...selectVjps,
};

/** Operators whose result does not change with small changes of their inputs: their gradient is zero. */
export const flatOps: ReadonlySet<string> = new Set([
  "ArgMax",
  "And",
  "Equal",
  "Floor",
  "Greater",
  "GreaterOrEqual",
  "Less",
  "LessOrEqual",
  "Not",
  "Or",
  "Shape",
  "Sign",
]);
