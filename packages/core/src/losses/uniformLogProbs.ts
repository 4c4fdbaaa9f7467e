import type { Expr } from "../graph/expr.js";
import { add, greater, mul, sub } from "../graph/ops/elementwise.js";
import { reshape, reshapeLike } from "../graph/ops/layout.js";
import { reduceMean, reduceSum } from "../graph/ops/reduce.js";
import { gather, gatherElements, where } from "../graph/ops/select.js";
import type { HiddenStates, LossInputs } from "./loss.js";

/** [.., 1], one number a token. */
const column = (x: Expr): Expr => reshape(x, [...x.shape.map(() => 0), 1]);

/** mean_v z_v - z_y from hidden states: the logits' mean is that of the head's rows times the state. */
const fromHidden = ({ states, head }: HiddenStates, targets: Expr, counts: Expr): Expr => {
  const kept = where(column(counts), states, 0); // [B, T, H]
  const toMean = sub(reduceMean(head, [0]), gather(head, targets)); // [B, T, H]
  return reduceSum(mul(kept, toMean), [-1]);
};

/** mean_v z_v - z_y from logits. */
const fromLogits = (logits: Expr, targets: Expr, counts: Expr): Expr => {
  const kept = where(column(counts), logits, 0); // [B, T, V]
  return sub(reduceMean(kept, [-1]), reshapeLike(gatherElements(kept, column(targets), -1), targets));
};

/**
 * The mean over the whole vocabulary of the log-probs of the next token, [B, T] in nats; 0 where no token counts.
 *
 *     mean_v log p_v = log p_y + mean_v z_v - z_y        z: logits, y: the target
 *
 * so no vocabulary is summed over but in one vector: with hidden states h, mean_v z_v = h . (mean over rows of the head).
 * `inputs.logProbs` are those of `inputs.targets` at temperature 1; `hidden` is read where it is given, else `logits`.
 */
export const uniformLogProbs = ({ logProbs, mask, targets, hidden, logits }: LossInputs): Expr => {
  const counts = greater(mask, 0);
  const ids = where(counts, targets!, 0);
  const rest = hidden ? fromHidden(hidden, ids, counts) : fromLogits(logits!, ids, counts);
  return add(where(counts, logProbs, 0), rest);
};
