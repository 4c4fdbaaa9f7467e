import type { Expr } from "../graph/expr.js";
import { add, and, greater, greaterOrEqual, max, mul, stopGradient, sub } from "../graph/ops/elementwise.js";
import { concat, reshape } from "../graph/ops/layout.js";
import { scalar } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast, gather, sortDescending, where } from "../graph/ops/select.js";

/** The sorted value at a rank from the end: rank 0 is the smallest of the first `count` values. */
const fromEnd = (sorted: Expr, count: Expr, rank: Expr): Expr =>
  gather(sorted, cast(max(sub(sub(count, 1), rank), 0), "int64"));

/**
 * The quantile of the values where the mask is above 0, between two of them by linear interpolation: a scalar.
 *
 * With v_0 <= ... <= v_(n-1) sorted and h = q (n - 1): v_floor(h) + (h - floor(h)) (v_(floor(h)+1) - v_floor(h)).
 */
const quantile = (values: Expr, mask: Expr, q: number): Expr => {
  const counts = greater(mask, 0);
  const none = scalar(Number.NEGATIVE_INFINITY, values.dtype);
  // One more than there are: a vector of none has nothing to read.
  const padded = concat([reshape(where(counts, values, none), [-1]), reshape(none, [1])], 0);
  const { values: sorted } = sortDescending(padded);
  const count = reduceSum(cast(counts, values.dtype));
  const at = mul(max(sub(count, 1), 0), q);
  const below = cast(cast(at, "int64"), values.dtype);
  const part = sub(at, below);
  const low = fromEnd(sorted, count, below);
  const step = sub(fromEnd(sorted, count, add(below, 1)), low);
  return add(low, where(greater(part, 0), mul(part, step), 0));
};

/**
 * True at the tokens whose entropy is among the highest, [B, T]: the "forks" of a text, which carry most of what there is
 * to learn. With h the entropies of the tokens that count, in nats:
 *
 *     keep = mask > 0 and h >= quantile(h, 1 - share)        (linear interpolation; no gradient)
 *
 * The quantile is that of the tokens at hand, so that of a micro-batch where a batch is split, as in TRL
 * (`top_entropy_quantile`): shards do not add up to the whole.
 *
 * Beyond the 80/20 Rule (2025), https://arxiv.org/abs/2506.01939
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { topEntropy } from "@msrl/core/losses";
 * const [entropy, mask] = ["entropy", "mask"].map((name) => input(name, "float32", ["batch", "time"]));
 * assert.deepStrictEqual(topEntropy(0.2)(entropy!, mask!).shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const topEntropy =
  (share: number) =>
  (entropy: Expr, mask: Expr): Expr => {
    const values = stopGradient(entropy);
    return and(greater(mask, 0), greaterOrEqual(values, quantile(values, mask, 1 - share)));
  };
