import { above, flag, oneOf, optional, type Rules, wholeFrom } from "../configuration.js";
import type { Dim, Expr } from "../graph/expr.js";
import { exp, greater, max, mul, neg } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { where } from "../graph/ops/select.js";

/** Which statistics of the next-token distribution are computed. */
export interface StatisticsOptions {
  /** What logits are divided by. */
  readonly temperature: number;
  /** Whether the entropy is computed. */
  readonly entropy: boolean;
  /** How many of the likeliest tokens are given with their log-probs; 0: none. */
  readonly topK: number;
}

/** Defaults of the statistics: log-probs of the given tokens alone. */
export const statisticsDefaults: StatisticsOptions = { temperature: 1, entropy: false, topK: 0 };

/** How statistics are computed from hidden states. */
export interface HiddenOptions extends StatisticsOptions {
  /** Tokens whose logits exist at a time; default: as many as make about 8 million logits. */
  readonly rowsPerChunk?: number;
  /**
   * `recompute`: a gradient computes the logits again. `fused`: the gradient of the log-probs by the hidden states is
   * computed with the values, which is less work where one is wanted and the head is not trained, and more where none is
   * or one of the entropy is.
   */
  readonly gradient: "recompute" | "fused";
}

/** Defaults of the statistics from hidden states. */
export const hiddenDefaults: HiddenOptions = { ...statisticsDefaults, gradient: "recompute" };

/** Rules of {@link StatisticsOptions}. */
export const statisticsRules: Rules<StatisticsOptions> = { temperature: above(0), entropy: flag, topK: wholeFrom(0) };

/** Rules of {@link HiddenOptions}. */
export const hiddenRules: Rules<HiddenOptions> = {
  ...statisticsRules,
  rowsPerChunk: optional(wholeFrom(1)),
  gradient: oneOf(["recompute", "fused"]),
};

/** The likeliest tokens, likeliest first; equal ones by their numbers. */
export interface TopTokens {
  /** [.., k] in nats. */
  readonly logProbs: Expr;
  /** [.., k] whole numbers: int64 where they are computed. */
  readonly ids: Expr;
}

/** Statistics of the next-token distributions of [..] tokens. */
export interface Statistics {
  /** [..] log-probs of the given tokens, in nats. */
  readonly logProbs: Expr;
  /** [..] in nats. */
  readonly entropy?: Expr;
  readonly top?: TopTokens;
}

/** Logits that a chunk holds, about: enough rows for a fast product with the head, few enough for the caches. */
const chunkLogits = 2 ** 23;

/** Rows of a chunk for a vocabulary. */
export const rowsFor = (vocabulary: Dim): number =>
  typeof vocabulary === "number" ? Math.max(16, Math.min(512, Math.floor(chunkLogits / vocabulary / 16) * 16)) : 128;

/** Below every log-prob that counts: p log p is 0 there, where -Infinity would make it NaN. */
const lowest = -1e30;

/** Log-probs that can be multiplied with probabilities of 0. */
export const finite = (logP: Expr): Expr => max(logP, lowest);

/** -sum p log p over the last axis, which stays with size 1. */
export const entropyOf = (logP: Expr): Expr => neg(reduceSum(mul(exp(logP), finite(logP)), [-1], { keepDims: true }));

/** Puts 0 where a mask [..] is not above 0. */
export const keptBy =
  (mask: Expr | undefined) =>
  (x: Expr): Expr =>
    mask ? where(greater(mask, 0), x, 0) : x;
