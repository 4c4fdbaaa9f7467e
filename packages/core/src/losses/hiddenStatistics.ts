import { checkOptions } from "../configuration.js";
import type { Contribution, Expr, Node } from "../graph/expr.js";
import { add, exp, greater, mul, neg } from "../graph/ops/elementwise.js";
import { expandLike, reshape, reshapeLike } from "../graph/ops/layout.js";
import { matmul } from "../graph/ops/matmul.js";
import { logSoftmax, softmax } from "../graph/ops/normalize.js";
import { scalar } from "../graph/ops/op.js";
import { pass } from "../graph/ops/pass.js";
import { gatherElements, scatterAdd, topK, where } from "../graph/ops/select.js";
import type { HiddenStates } from "./loss.js";
import { inRowChunks } from "./rowChunks.js";
import {
  entropyOf,
  finite,
  type HiddenOptions,
  hiddenDefaults,
  hiddenRules,
  keptBy,
  rowsFor,
  type Statistics,
} from "./statisticsOptions.js";

/** Everything as rows: hidden states [N, H], the head [V, H], targets [N, 1]. */
interface Rows {
  readonly hidden: Expr;
  readonly head: Expr;
  readonly targets: Expr;
  readonly size: number;
  readonly scale: number;
}

const logitsOf = (hidden: Expr, { head, scale }: Rows): Expr => matmul(hidden, head, { transB: true, alpha: scale });

/** d / d logits of a row's statistics: of its log-prob by `slope`, of its entropy by `entropySlope`; [C, V]. */
const logitGradient = (
  logits: Expr,
  targets: Expr,
  slope: Expr | undefined,
  entropy: { readonly slope: Expr; readonly value: Expr } | undefined,
): Expr => {
  const logP = entropy && logSoftmax(logits);
  const bend = entropy && mul(entropy.slope, add(finite(logP!), entropy.value)); // [C, V]
  const weight = bend && slope ? add(bend, slope) : (bend ?? slope!);
  const spread = mul(logP ? exp(logP) : softmax(logits), neg(weight));
  return slope ? scatterAdd(spread, targets, slope, -1) : spread;
};

/** Values a chunk at a time, [N, ..] each: log-probs, then those asked for, then, fused, gradients by the states. */
const chunkedValues = (rows: Rows, { entropy, topK: count, gradient }: HiddenOptions): readonly Expr[] =>
  inRowChunks(rows.targets, rows.size, (chunk) => {
    const targets = chunk.of(rows.targets);
    const logits = logitsOf(chunk.of(rows.hidden), rows);
    const logP = logSoftmax(logits);
    const value = entropy ? entropyOf(logP) : undefined;
    const top = count > 0 ? topK(logP, count) : undefined;
    const one = expandLike(scalar(1, logits.dtype), targets);
    const back = (dz: Expr): Expr => matmul(dz, rows.head, { alpha: rows.scale });
    return {
      rows: [
        gatherElements(logP, targets, -1),
        ...(value ? [value] : []),
        ...(top ? [top.values, top.indices] : []),
        ...(gradient === "fused" ? [back(logitGradient(logits, targets, one, undefined))] : []),
        ...(gradient === "fused" && value
          ? [back(logitGradient(logits, targets, undefined, { slope: one, value }))]
          : []),
      ],
      sums: [],
    };
  }).rows;

/** What arrives at hidden states and head, the logits computed again a chunk at a time. */
const chunkedGradients = (
  rows: Rows,
  slope: Expr | undefined,
  entropy: { readonly slope: Expr; readonly value: Expr } | undefined,
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

/** Slopes [N, 1] times gradients [N, H], added; absent where nothing arrived. */
const scaled = (slopes: readonly (Expr | undefined)[], gradients: readonly Expr[]): Expr =>
  gradients
    .flatMap((gradient, at) => (slopes[at] ? [mul(gradient, slopes[at])] : []))
    .reduce((sum, each) => add(sum, each));

/** The gradient of log-probs and entropies, of which `fused` holds what was computed with the values. */
const pullback =
  (rows: Rows, fused: readonly Expr[]) =>
  (node: Node, slopes: readonly (Expr | undefined)[], wants: readonly boolean[]): readonly Contribution[] => {
    const [hidden, head] = node.gradient!.reads as readonly [Expr, Expr];
    const [slope, bend] = slopes;
    const ready = fused.length > 0;
    const wanted = { hidden: wants[0] === true && !ready, head: wants[1] === true };
    const entropy = bend && { slope: bend, value: node.inputs[1]! };
    const again =
      wanted.hidden || wanted.head ? chunkedGradients({ ...rows, hidden, head }, slope, entropy, wanted) : {};
    const byHidden = wants[0] && ready ? scaled(slopes, fused) : again.hidden;
    return [
      ...(byHidden ? [{ to: hidden, amount: byHidden }] : []),
      ...(again.head ? [{ to: head, amount: again.head }] : []),
    ];
  };

/** [.., H] as [N, H]. */
const asRows = (states: Expr): Expr =>
  states.shape.length === 2 ? states : reshape(states, [-1, states.shape.at(-1) as number]);

const statisticsOf = (settings: HiddenOptions, rows: Rows, like: Expr): Statistics => {
  const { entropy, topK: count, gradient } = settings;
  const values = chunkedValues(rows, settings);
  const differentiable = entropy ? 2 : 1;
  const topped = differentiable + (count > 0 ? 2 : 0);
  const [logProbs, entropies] = pass(
    values.slice(0, differentiable),
    { reads: [rows.hidden, rows.head], pullback: pullback(rows, gradient === "fused" ? values.slice(topped) : []) },
    "hiddenStatistics",
  );
  const flat = (x: Expr): Expr => reshapeLike(x, like);
  const wide = (x: Expr): Expr =>
    like.shape.length === 1 ? x : reshape(x, [-1, ...(like.shape.slice(1) as number[]), count]);
  return {
    logProbs: flat(logProbs!),
    ...(entropies && { entropy: flat(entropies) }),
    ...(count > 0 && { top: { logProbs: wide(values[differentiable]!), ids: wide(values[differentiable + 1]!) } }),
  };
};
