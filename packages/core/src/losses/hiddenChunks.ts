import type { Expr } from "../graph/expr.js";
import { add, exp, mul, neg } from "../graph/ops/elementwise.js";
import { expandLike } from "../graph/ops/layout.js";
import { matmul } from "../graph/ops/matmul.js";
import { logSoftmax, softmax } from "../graph/ops/normalize.js";
import { scalar } from "../graph/ops/op.js";
import { gatherElements, scatterAdd, topK, where } from "../graph/ops/select.js";
import { inRowChunks } from "./rowChunks.js";
import { entropyOf, finite, type HiddenOptions } from "./statisticsOptions.js";

/** What statistics are computed from, a row a token. */
export interface HiddenRows {
  /** [N, H] */
  readonly hidden: Expr;
  /** [V, H] */
  readonly head: Expr;
  /** [N, 1] */
  readonly targets: Expr;
  /** Rows of a chunk. */
  readonly size: number;
  /** What logits are multiplied with: 1 / temperature. */
  readonly scale: number;
}

/** d loss / d entropy and the entropy itself, a row a token. */
export interface EntropySlope {
  readonly slope: Expr;
  readonly value: Expr;
}

const logitsOf = (hidden: Expr, { head, scale }: HiddenRows): Expr =>
  matmul(hidden, head, { transB: true, alpha: scale });

/** d / d logits of a row's statistics: of its log-prob by `slope`, of its entropy by `entropySlope`; [C, V]. */
const logitGradient = (
  logits: Expr,
  targets: Expr,
  slope: Expr | undefined,
  entropy: EntropySlope | undefined,
): Expr => {
  const logP = entropy && logSoftmax(logits);
  const bend = entropy && mul(entropy.slope, add(finite(logP!), entropy.value)); // [C, V]
  const weight = bend && slope ? add(bend, slope) : (bend ?? slope!);
  const spread = mul(logP ? exp(logP) : softmax(logits), neg(weight));
  return slope ? scatterAdd(spread, targets, slope, -1) : spread;
};

/** Values a chunk at a time, [N, ..] each: log-probs, then those asked for, then, fused, log-probs' gradients by the states. */
export const chunkedValues = (rows: HiddenRows, { entropy, topK: count, gradient }: HiddenOptions): readonly Expr[] =>
  inRowChunks(rows.targets, rows.size, (chunk) => {
    const targets = chunk.of(rows.targets);
    const logits = logitsOf(chunk.of(rows.hidden), rows);
    const logP = logSoftmax(logits);
    const top = count > 0 ? topK(logP, count) : undefined;
    const fused = (): Expr => {
      const spread = logitGradient(logits, targets, expandLike(scalar(1, logits.dtype), targets), undefined);
      return matmul(spread, rows.head, { alpha: rows.scale });
    };
    const logProbs = gatherElements(logP, targets, -1);
    const asked = [...(entropy ? [entropyOf(logP)] : []), ...(top ? [top.values, top.indices] : [])];
    return { rows: [logProbs, ...asked, ...(gradient === "fused" ? [fused()] : [])], sums: [] };
  }).rows;

/** What arrives at hidden states and head, the logits computed again a chunk at a time. */
export const chunkedGradients = (
  rows: HiddenRows,
  slope: Expr | undefined,
  entropy: EntropySlope | undefined,
  wants: { readonly hidden: boolean; readonly head: boolean },
): { readonly hidden?: Expr; readonly head?: Expr } => {
  const zeros = wants.head ? [expandLike(scalar(0, rows.head.dtype), rows.head)] : [];
  const result = inRowChunks(
    rows.targets,
    rows.size,
    (chunk, sums) => {
      const own = (x: Expr): Expr => (chunk.counts ? where(chunk.counts, chunk.of(x), 0) : chunk.of(x));
      const hidden = chunk.of(rows.hidden);
      const dz = logitGradient(
        logitsOf(hidden, rows),
        chunk.of(rows.targets),
        slope && own(slope),
        entropy && { slope: own(entropy.slope), value: chunk.of(entropy.value) },
      );
      return {
        rows: wants.hidden ? [matmul(dz, rows.head, { alpha: rows.scale })] : [],
        sums: sums.map((sum) => add(sum, matmul(dz, hidden, { transA: true, alpha: rows.scale }))),
      };
    },
    zeros,
  );
  return {
    ...(wants.hidden && { hidden: result.rows[0]! }),
    ...(wants.head && { head: result.sums[0]! }),
  };
};
