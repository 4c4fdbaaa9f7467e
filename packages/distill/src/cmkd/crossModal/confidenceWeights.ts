import type { CmkdExample } from "../cmkdExamples.js";

/** Settings of {@link confidenceWeights}. */
export interface ConfidenceWeightsOptions {
  /** An example's weight before they are scaled, from its confidence. */
  readonly weigh: (confidence: number) => number;
}

/** Defaults of {@link confidenceWeights}: the exponential, for confidences in nats. */
export const confidenceWeightsDefaults: ConfidenceWeightsOptions = { weigh: Math.exp };

const usable = (weight: number): number => (Number.isFinite(weight) && weight > 0 ? weight : 0);

/**
 * Weights for supervised fine-tuning on CMKD's examples: what the teacher was sure of counts more.
 *
 *     w_i = f(c_i) / mean_j f(c_j)
 *
 * Mean 1, so that the learning rate keeps its meaning; with confidences that are mean log-probs, exp makes f the mean
 * token probability. What is not a positive number weighs 0; if all are, all weigh 1. As `weight` of a stage's examples, or as
 * the advantages of any supervised loss.
 *
 * @example
 * import { confidenceWeights } from "@msrl/distill";
 * const examples = [0.5, 1, 1.5].map((confidence) => ({ provenance: { confidence } }));
 * assert.deepStrictEqual(confidenceWeights({ weigh: (share) => share })(examples), [0.5, 1, 1.5]);
 * @since 0.1.0
 */
export const confidenceWeights = (options: Partial<ConfidenceWeightsOptions> = {}) => {
  const { weigh } = { ...confidenceWeightsDefaults, ...options };
  return (examples: readonly { readonly provenance: Pick<CmkdExample["provenance"], "confidence"> }[]) => {
    const weights = examples.map(({ provenance }) => usable(weigh(provenance.confidence)));
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    return usable(mean) === 0 ? weights.map(() => 1) : weights.map((weight) => weight / mean);
  };
};
