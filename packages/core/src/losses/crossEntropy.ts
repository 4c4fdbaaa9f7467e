import { checkOptions, flag, type Rules } from "../configuration.js";
import { equal, mul, neg } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { type AggregateOptions, aggregateOf, aggregateProblems, aggregateRules } from "./aggregate.js";
import { counted } from "./counted.js";
import type { Loss, LossInputs } from "./loss.js";

/** Settings of {@link crossEntropy}. */
export interface CrossEntropyOptions extends AggregateOptions {
  /** Whether the entropy is among the metrics: the policy then has to give it. */
  readonly reportEntropy: boolean;
}

/** Defaults of {@link crossEntropy}. */
export const crossEntropyDefaults: CrossEntropyOptions = { aggregation: "tokenMean", reportEntropy: false };

const rules: Rules<CrossEntropyOptions> = { ...aggregateRules, reportEntropy: flag };

const build = (options: CrossEntropyOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const { logProbs, advantages, entropy } = counted(inputs);
  const mean = aggregateOf({ aggregation: "tokenMean" });
  const weighted = mul(advantages, where(equal(advantages, 0), 0, logProbs));
  return {
    loss: aggregateOf(options)(neg(weighted), inputs),
    metrics: {
      negative_log_likelihood: mean(neg(logProbs), inputs),
      ...(entropy && { entropy: mean(entropy, inputs) }),
    },
  };
};

/**
 * The loss of supervised fine-tuning: the negative log-likelihood of given tokens, each with a weight.
 *
 *     loss = aggregate(-w log p)        w: the advantages, 1 for plain fine-tuning
 *
 * Inputs [B, T], nats; by default the mean over the tokens that count (see `aggregate`); masked positions cannot
 * matter, be they NaN, nor does the log-prob of a token of weight 0. Metrics are means over the tokens that count:
 * `negative_log_likelihood`, without the weights; `entropy` where it is given. Old and reference log-probs are not read.
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
    needs: settings.reportEntropy ? ["logProbs", "entropy"] : ["logProbs"],
    build: (inputs) => build(settings, inputs),
  };
};
