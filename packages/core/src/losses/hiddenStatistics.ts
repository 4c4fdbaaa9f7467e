import { checkOptions } from "../configuration.js";
import type { Contribution, Expr, OwnGradient } from "../graph/expr.js";
import { add, greater, mul } from "../graph/ops/elementwise.js";
import { reshape, reshapeLike } from "../graph/ops/layout.js";
import { pass } from "../graph/ops/pass.js";
import { iota, where } from "../graph/ops/select.js";
import { chunkedGradients, chunkedValues, type HiddenRows } from "./hiddenChunks.js";
import type { HiddenStates } from "./loss.js";
import {
  type HiddenOptions,
  hiddenDefaults,
  hiddenRules,
  keptBy,
  rowsFor,
  type Statistics,
} from "./statisticsOptions.js";

/** The gradient of log-probs and entropies; with `fused`, what is passed last is d log-prob / d states, computed with the values. */
const pullback =
  (rows: HiddenRows, isFused: boolean): OwnGradient["pullback"] =>
  (node, [slope, bend], wants): readonly Contribution[] => {
    const [hidden, head] = node.gradient!.reads as readonly [Expr, Expr];
    const fused = isFused ? node.inputs.at(-1) : undefined;
    const ready = wants[0] && fused && slope && !bend ? mul(fused, slope) : undefined;
    const wanted = { hidden: wants[0] === true && !ready, head: wants[1] === true };
    const entropy = bend && { slope: bend, value: node.inputs[1]! };
    const again =
      wanted.hidden || wanted.head ? chunkedGradients({ ...rows, hidden, head }, slope, entropy, wanted) : {};
    const byHidden = ready ?? again.hidden;
    return [
      ...(byHidden ? [{ to: hidden, amount: byHidden }] : []),
      ...(again.head ? [{ to: head, amount: again.head }] : []),
    ];
  };

/** [.., H] as [N, H]. */
const asRows = (states: Expr): Expr =>
  states.shape.length === 2 ? states : reshape(states, [-1, states.shape.at(-1) as number]);

/** [.., 1], one number a row. */
const column = (x: Expr): Expr => reshape(x, [...x.shape.map(() => 0), 1]);

const statisticsOf = (settings: HiddenOptions, rows: HiddenRows, targets: Expr): Statistics => {
  const values = chunkedValues(rows, settings);
  const differentiable = settings.entropy ? 2 : 1;
  const topped = differentiable + (settings.topK > 0 ? 2 : 0);
  const fused = values.slice(topped);
  const [logProbs, ...more] = pass(
    [...values.slice(0, differentiable), ...fused],
    { reads: [rows.hidden, rows.head], pullback: pullback(rows, fused.length > 0) },
    "hiddenStatistics",
  );
  const entropy = settings.entropy ? more[0] : undefined;
  const wide = (x: Expr): Expr => reshapeLike(x, add(column(targets), iota(settings.topK, targets.dtype)));
  return {
    logProbs: reshapeLike(logProbs!, targets),
    ...(entropy && { entropy: reshapeLike(entropy, targets) }),
    ...(topped > differentiable && {
      top: { logProbs: wide(values[differentiable]!), ids: wide(values[differentiable + 1]!) },
    }),
  };
};

/**
 * Statistics of next-token distributions from hidden states and the head, in chunks: logits of all tokens never exist.
 *
 *     z       = h head^T / temperature        h: states [.., H], head [V, H], targets [..]: int32 or int64
 *     log p_v = z_v - log sum_u exp(z_u),     H = -sum_v p_v log p_v
 *     d log p_y / d h = (head_y - p head) / temperature
 *     d H / d z       = -p (log p + H)
 *
 * Nats; values, masks and infinities as with `logitStatistics`. The gradient goes to the states and to the head; it computes the
 * logits again, a chunk at a time, or (`gradient: "fused"`, for a head that is not trained) was computed with the
 * values: two products with the head instead of three, as long as none by the entropy is wanted. Memory: `rowsPerChunk` x V logits, a few times, whatever the
 * number of tokens; with a trained head its gradient, twice. No gradient flows to `top`.
 *
 * Chunks of rows with a gradient that is recomputed: Cut Your Losses in Large-Vocabulary Language Models (2024),
 * https://arxiv.org/abs/2411.09009; computed with the values: Liger Kernel (2024), https://arxiv.org/abs/2410.10989.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { hiddenStatistics } from "@msrl/core/losses";
 * const states = input("states", "float32", ["batch", "time", 576]);
 * const head = input("head", "float32", [49_152, 576]);
 * const { logProbs } = hiddenStatistics()({ states, head }, input("ids", "int32", ["batch", "time"]));
 * assert.deepStrictEqual(logProbs.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const hiddenStatistics = (
  options: Partial<HiddenOptions> = {},
): ((hidden: HiddenStates, targets: Expr, mask?: Expr) => Statistics) => {
  const settings = checkOptions("hiddenStatistics", hiddenRules, hiddenDefaults, options);
  return ({ states, head }, targets, mask) => {
    const kept = keptBy(mask);
    const rows: HiddenRows = {
      hidden: asRows(mask ? where(greater(column(mask), 0), states, 0) : states),
      head,
      targets: reshape(kept(targets), [-1, 1]),
      size: settings.rowsPerChunk ?? rowsFor(head.shape[0]!),
      scale: 1 / settings.temperature,
    };
    const { logProbs, entropy, top } = statisticsOf(settings, rows, targets);
    return { logProbs: kept(logProbs), ...(entropy && { entropy: kept(entropy) }), ...(top && { top }) };
  };
};
