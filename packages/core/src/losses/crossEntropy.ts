import { checkOptions, flag, optional, type Rules, within } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, equal, mul, neg } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { type AggregateOptions, aggregateOf, aggregateProblems, aggregateRules } from "./aggregate.js";
import { counted } from "./counted.js";
import type { Loss, LossInputs, Need } from "./loss.js";
import { uniformLogProbs } from "./uniformLogProbs.js";

/** Settings of {@link crossEntropy}. */
export interface CrossEntropyOptions extends AggregateOptions {
  /** Whether the entropy is among the metrics: the policy then has to give it. */
  readonly reportEntropy: boolean;
  /** How much of the target goes to all tokens of the vocabulary alike, the given token included; absent: none. */
  readonly labelSmoothing?: number;
}

/** Defaults of {@link crossEntropy}. */
export const crossEntropyDefaults: CrossEntropyOptions = { aggregation: "tokenMean", reportEntropy: false };

const rules: Rules<CrossEntropyOptions> = {
  ...aggregateRules,
  reportEntropy: flag,
  labelSmoothing: optional(within(0, 1)),
};

/** (1 - e) log p + e mean_v log p_v; the log-probs themselves without smoothing. */
const smoothed = (logProbs: Expr, inputs: LossInputs, share: number): Expr =>
  share === 0 ? logProbs : add(mul(logProbs, 1 - share), mul(uniformLogProbs(inputs), share));

const build = (options: CrossEntropyOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const { logProbs, advantages, entropy } = counted(inputs);
  const mean = aggregateOf({ aggregation: "tokenMean" });
  const target = smoothed(logProbs, inputs, options.labelSmoothing ?? 0);
  const weighted = mul(advantages, where(equal(advantages, 0), 0, target));
  return {
    loss: aggregateOf(options)(neg(weighted), inputs),
    metrics: {
      negative_log_likelihood: mean(neg(logProbs), inputs),
      ...(entropy && { entropy: mean(entropy, inputs) }),
    },
  };
};

const needsOf = ({ reportEntropy, labelSmoothing = 0 }: CrossEntropyOptions): readonly Need[] => [
  "logProbs",
  ...(reportEntropy ? (["entropy"] as const) : []),
  ...(labelSmoothing > 0 ? (["hidden"] as const) : []),
];

/**
 * The loss of supervised fine-tuning: the negative log-likelihood of given tokens, each with a weight.
 *
 *     loss = aggregate(-w log p)        w: the advantages, 1 for plain fine-tuning
 *
 * Inputs [B, T], nats; by default the mean over the tokens that count (see `aggregate`); masked positions cannot
 * matter, be they NaN, nor does the log-prob of a token of weight 0. Metrics are means over the tokens that count:
 * `negative_log_likelihood`, without the weights; `entropy` where it is given. Old and reference log-probs are not read.
 *
 * `labelSmoothing` e puts (1 - e) log p + e mean_v log p_v in the place of log p, v over the vocabulary: torch's
 * `label_smoothing`. The mean needs hidden states (read where given) or logits, not a sum over the vocabulary for each token.
 * Szegedy et al., Rethinking the Inception Architecture (2015), https://arxiv.org/abs/1512.00567.
 *
 * With tokens drawn from the policy and advantages for weights its gradient is that of REINFORCE: Williams, Simple
 * Statistical Gradient-Following Algorithms (1992), https://doi.org/10.1007/BF00992696.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { crossEntropy } from "@msrl/core/losses";
 * assert.deepStrictEqual(crossEntropy().options.aggregation, "tokenMean");
 * @since 0.1.0
 */
export const crossEntropy = (options: Partial<CrossEntropyOptions> = {}): Loss => {
  const settings = checkOptions("crossEntropy", rules, crossEntropyDefaults, options, aggregateProblems);
  return {
    name: "cross_entropy",
    options: { ...settings },
    needs: needsOf(settings),
    build: (inputs) => build(settings, inputs),
  };
};
