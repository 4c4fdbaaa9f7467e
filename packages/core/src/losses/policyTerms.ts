import { atLeast, between, flag, oneOf, type Rules } from "../configuration.js";
import { type KlEstimatorName, klEstimators } from "../kl/klEstimators.js";

/** Terms that a policy loss adds to its gain, and what it reports. */
export interface PolicyTerms {
  /** Weight of the KL divergence to the reference policy; 0 does not read the reference. */
  readonly beta: number;
  /** Estimator of that divergence. */
  readonly klEstimator: KlEstimatorName;
  /** Whether the divergence is weighted by the importance ratio, which makes it unbiased for tokens of the old policy. */
  readonly correctedKl: boolean;
  /** Weight of the mean entropy of the tokens, which the loss then raises; above 0 the policy has to give the entropy. */
  readonly entropyBonus: number;
  /** Share of the tokens, those of most entropy, that the gain (and the bonus) is taken of; 1: all. See `topEntropy`. */
  readonly topEntropyShare: number;
  /** Whether the entropy is among the metrics: the policy then has to give it. */
  readonly reportEntropy: boolean;
}

/** Defaults of the terms: none. */
export const policyTermsDefaults: PolicyTerms = {
  beta: 0,
  klEstimator: "k3",
  correctedKl: false,
  entropyBonus: 0,
  topEntropyShare: 1,
  reportEntropy: false,
};

/** Rules of the terms, for recipes that take them along. */
export const policyTermsRules: Rules<PolicyTerms> = {
  beta: atLeast(0),
  klEstimator: oneOf(Object.keys(klEstimators)),
  correctedKl: flag,
  entropyBonus: atLeast(0),
  topEntropyShare: between(0, 1),
  reportEntropy: flag,
};

/** Whether a loss of these terms reads the entropy. */
export const readsEntropy = ({ entropyBonus, topEntropyShare, reportEntropy }: PolicyTerms): boolean =>
  reportEntropy || entropyBonus > 0 || topEntropyShare < 1;
