import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";
import { exp, greater, mul, neg, stopGradient, where } from "@msrl/core/graph";
import { type Aggregation, aggregate, aggregations, type Loss } from "@msrl/core/losses";

/** Settings of {@link dynamicFineTuning}. */
export interface DynamicFineTuningOptions {
  readonly aggregation: Exclude<Aggregation, "constant">;
}

/** Defaults of {@link dynamicFineTuning}. */
export const dynamicFineTuningDefaults: DynamicFineTuningOptions = { aggregation: "tokenMean" };

const rules: Rules<DynamicFineTuningOptions> = {
  aggregation: oneOf(aggregations.filter((name) => name !== "constant")),
};

/**
 * Dynamic fine-tuning (DFT): supervised fine-tuning whose tokens are weighed by how likely they already are.
 *
 *     loss = aggregate(-sg(p) log p)        p: the student's probability of the teacher's token, sg: without gradient
 *
 * Sequence-level distillation on a teacher's samples that does not chase what the student finds impossible; without the
 * weight it is `crossEntropy`. Inputs [B, T], nats, masked positions cannot matter; advantages are not read. Metric
 * `negative_log_likelihood`: the mean of -log p over the tokens that count. Equals TRL's SFT with loss type `dft`.
 *
 * Wu et al., On the Generalization of SFT (2025), https://arxiv.org/abs/2508.05629; sequence level: Kim and Rush,
 * Sequence-Level Knowledge Distillation (2016), https://arxiv.org/abs/1606.07947
 *
 * @throws ConfigurationError for an unknown aggregation.
 * @example
 * import { dynamicFineTuning } from "@msrl/distill";
 * assert.deepStrictEqual(dynamicFineTuning().name, "dynamic_fine_tuning");
 * @since 0.1.0
 */
export const dynamicFineTuning = (options: Partial<DynamicFineTuningOptions> = {}): Loss => {
  const { aggregation } = checkOptions("dynamicFineTuning", rules, dynamicFineTuningDefaults, options);
  return {
    name: "dynamic_fine_tuning",
    options: { aggregation },
    needs: ["logProbs"],
    build: (inputs) => {
      const logProbs = where(greater(inputs.mask, 0), inputs.logProbs, 0);
      const likely = stopGradient(exp(logProbs));
      return {
        loss: aggregate({ aggregation })(neg(mul(likely, where(greater(likely, 0), logProbs, 0))), inputs),
        metrics: { negative_log_likelihood: aggregate({ aggregation: "tokenMean" })(neg(logProbs), inputs) },
      };
    },
  };
};
