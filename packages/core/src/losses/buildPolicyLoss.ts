import type { Expr } from "../graph/expr.js";
import { add, div, greater, max, mul, neg, stopGradient, sub } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast, where } from "../graph/ops/select.js";
import { klEstimators } from "../kl/klEstimators.js";
import { logRatio } from "../kl/logRatio.js";
import { aggregateOf } from "./aggregate.js";
import type { Clipped } from "./clipRules/clipRule.js";
import { counted } from "./counted.js";
import type { Loss, LossInputs } from "./loss.js";
import { type CorrectionInputs, productOf, weighted } from "./offPolicy/correction.js";
import { type CheckedPolicyLoss, listOf } from "./policyLossOptions.js";
import { correctionMetrics, policyMetrics, tokenMeans } from "./policyMetrics.js";
import { ratioAt } from "./ratio.js";
import { topEntropy } from "./topEntropy.js";

/** The clip rule's result, with the factors of the correction and of the entropy. */
const clippedGain = (options: CheckedPolicyLoss, inputs: LossInputs, ratio: Expr, logRatios: Expr) => {
  const { clip } = options;
  const corrections = listOf(options.correction);
  const { logProbs, oldLogProbs, samplerLogProbs = oldLogProbs, advantages, mask } = inputs;
  const read: CorrectionInputs = {
    logProbs: stopGradient(logProbs),
    oldLogProbs,
    samplerLogProbs,
    advantages,
    mask,
  };
  const inside = corrections.filter(({ kind }) => clip.takesWeights && kind === "weight");
  const weights = productOf(inside, read);
  const factor = productOf(
    corrections.filter((each) => !inside.includes(each)),
    read,
  );
  const given = { ratio, logRatios, logProbs, oldLogProbs, advantages, mask };
  const clipped: Clipped = clip.clip({ ...given, ...(weights && { weights }) });
  return {
    clipped,
    correction: productOf(corrections, read),
    read,
    gain: factor ? weighted(clipped.gain, factor) : clipped.gain,
  };
};

/** The tokens of most entropy, if only they are to teach. */
const keptTokens = ({ terms }: CheckedPolicyLoss, { entropy, mask }: LossInputs): Expr | undefined =>
  entropy && terms.topEntropyShare < 1 ? topEntropy(terms.topEntropyShare)(entropy, mask) : undefined;

/** The ratio; a geometric mean is one of the tokens kept, whose ratio then teaches the whole sequence. */
const ratioOf = ({ ratio }: CheckedPolicyLoss, logRatios: Expr, mask: Expr, kept: Expr | undefined): Expr =>
  kept && ratio === "geometricMean"
    ? ratioAt(ratio)({ logRatios: where(kept, logRatios, 0), mask: cast(kept, mask.dtype) })
    : ratioAt(ratio)({ logRatios, mask });

/** What is known of each token: the rule's result, the KL part, and what the token adds to the loss, [B, T]. */
const perToken = (options: CheckedPolicyLoss, inputs: LossInputs) => {
  const { logProbs, oldLogProbs, referenceLogProbs, advantages, mask } = inputs;
  const { beta, klEstimator, correctedKl } = options.terms;
  const logRatios = logRatio(logProbs, oldLogProbs);
  const bounded = options.clip.bounded?.(logRatios, advantages) ?? logRatios;
  const kept = keptTokens(options, inputs);
  const ratio = ratioOf(options, bounded, mask, kept);
  const gained = { ...clippedGain(options, inputs, ratio, logRatios), kept };
  const policy = neg(kept && options.ratio !== "geometricMean" ? where(kept, gained.gain, 0) : gained.gain);
  if (beta === 0) return { ...gained, loss: policy, kl: undefined };
  const plain = klEstimators[klEstimator](logProbs, referenceLogProbs);
  const kl = correctedKl ? mul(ratio, plain) : plain;
  return { ...gained, loss: add(policy, mul(kl, beta)), kl };
};

/** Mean entropy of the tokens kept at hand, weighted by the tokens at hand: micro-batches add up to a mean of theirs. */
const keptEntropy = (entropy: Expr, kept: Expr, { mask, tokens }: LossInputs): Expr => {
  const mean = div(reduceSum(where(kept, entropy, 0)), max(reduceSum(cast(kept, entropy.dtype)), 1));
  return mul(mean, div(reduceSum(cast(greater(mask, 0), entropy.dtype)), max(tokens, 1)));
};

/** The loss of checked options. */
export const buildPolicyLoss = (options: CheckedPolicyLoss, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const clean = counted(inputs);
  const { clipped, loss, kl, kept, correction, read } = perToken(options, clean);
  const { entropy } = clean;
  const { entropyBonus } = options.terms;
  const means = tokenMeans(inputs, { ...(kl && { kl }), ...(entropy && { entropy }) });
  const total = aggregateOf(options)(loss, inputs);
  const raised = entropy && entropyBonus > 0 && (kept ? keptEntropy(entropy, kept, inputs) : means.entropy);
  return {
    loss: raised ? sub(total, mul(raised, entropyBonus)) : total,
    metrics: {
      ...policyMetrics(inputs, clean, clipped),
      ...means,
      ...(kept && tokenMeans(inputs, { top_entropy_fraction: cast(kept, clipped.ratio.dtype) })),
      ...(correction && correctionMetrics(inputs, correction, read)),
    },
  };
};
