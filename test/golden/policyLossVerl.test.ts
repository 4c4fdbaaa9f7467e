import { grad } from "@msrl/core/graph";
import {
  type ClipRule,
  clipCispo,
  clipCov,
  clipDppo,
  clipDro,
  clipGeometric,
  clipPpo,
  clipSapo,
  klCov,
  policyLoss,
  preClip,
  type RatioLevel,
  scoreFunction,
} from "@msrl/core/losses";
import { describe, expect, it } from "vitest";
import { lossInputs } from "../../packages/core/test/lossInputs.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

const aggregation = {
  "token-mean": "tokenMean",
  "token-sum": "tokenMean",
  "seq-mean-token-sum": "sequenceSum",
  "seq-mean-token-sum-norm": "constant",
  "seq-mean-token-mean": "sequenceMean",
} as const;

interface Options {
  readonly loss_agg_mode: keyof typeof aggregation;
  readonly clip_ratio?: number;
  readonly clip_ratio_low?: number;
  readonly clip_ratio_high?: number;
  readonly clip_ratio_c?: number;
  readonly clip_cov_ratio?: number;
  readonly clip_cov_lb?: number;
  readonly clip_cov_ub?: number;
  readonly kl_cov_ratio?: number;
  readonly ppo_kl_coef?: number;
  readonly dro_beta?: number;
  readonly dp_size?: number;
  readonly batch_num_tokens?: number;
  readonly global_batch_size?: number;
  readonly loss_scale_factor?: number;
}

const kindOf = (name: string): string => name.split("/")[0]!;

/** Level and clip rule of verl's losses; it holds log-ratios within +-20 nats, in most of them. */
const choices: Readonly<
  Record<
    string,
    (epsilonLow: number, epsilonHigh: number, dualClip: number, options: Options) => readonly [RatioLevel, ClipRule]
  >
> = {
  vanilla: (epsilonLow, epsilonHigh, dualClip) => [
    "token",
    preClip(clipPpo({ epsilonLow, epsilonHigh, dualClip }), 20),
  ],
  gspo: (epsilonLow, epsilonHigh) => ["sequenceToken", clipPpo({ epsilonLow, epsilonHigh })],
  sapo: () => ["token", preClip(clipSapo(), 20)],
  gpg: () => ["token", scoreFunction],
  geo_mean: (epsilonLow, epsilonHigh) => ["geometricMean", clipGeometric({ epsilonLow, epsilonHigh })],
  cispo: (low, high) => ["token", preClip(clipCispo({ minRatio: 1 - low, maxRatio: 1 + high }), 20)],
  dro: (_low, _high, _dual, { dro_beta: strength = 0.1 }) => ["token", clipDro({ strength })],
  kl_cov: (_low, _high, _dual, { kl_cov_ratio: share = 0.0002, ppo_kl_coef: strength = 1 }) => [
    "token",
    klCov({ share, strength }),
  ],
  clip_cov: (epsilonLow, epsilonHigh, _dual, options) => {
    const { clip_cov_ratio: share = 0.0002, clip_cov_lb: minCovariance = 1, clip_cov_ub: maxCovariance = 5 } = options;
    return ["token", clipCov({ epsilonLow, epsilonHigh, share, minCovariance, maxCovariance })];
  },
  dppo_tv: (low, high, maxRatio) => ["token", preClip(clipDppo({ divergence: "tv", low, high, maxRatio }), 20)],
  dppo_kl: (low, high, maxRatio) => ["token", preClip(clipDppo({ divergence: "kl", low, high, maxRatio }), 20)],
};

const reason = ({ name }: GoldenCase<Options>): string | undefined =>
  kindOf(name) in choices ? undefined : `${kindOf(name)}: not among the clip rules`;

const lossOf = ({ name, options, inputs }: GoldenCase<Options>) => {
  const { clip_ratio: both = 0.2, clip_ratio_low: low = both, clip_ratio_high: high = both } = options;
  const [ratio, clip] = choices[kindOf(name)]!(low, high, options.clip_ratio_c ?? 3, options);
  // geo_mean is a mean over sequences whatever the mode.
  const chosen = kindOf(name) === "geo_mean" ? "sequenceMean" : aggregation[options.loss_agg_mode];
  const maxTokens = options.loss_scale_factor ?? shapeOf(inputs.logp)[1]!;
  return policyLoss({
    name: kindOf(name),
    ratio,
    clip,
    aggregation: chosen,
    ...(chosen === "constant" && { maxTokens }),
  });
};

const feedsOf = ({ name, inputs, options }: GoldenCase<Options>) => {
  const shape = shapeOf(inputs.logp) as [number, number];
  const mask = flat(inputs.response_mask);
  const weights = inputs.rollout_is_weights ? flat(inputs.rollout_is_weights) : mask.map(() => 1);
  /** geo_mean takes the geometric mean of the weights of a sequence, with the constants it adds. */
  const weightOf = (at: number): number => {
    if (kindOf(name) !== "geo_mean" || !inputs.rollout_is_weights) return weights[at]!;
    const from = Math.floor(at / shape[1]) * shape[1];
    const logs = weights.map((w, i) => (i >= from && i < from + shape[1] ? Math.log(w + 1e-10) * mask[i]! : 0));
    const length = mask.slice(from, from + shape[1]).reduce((sum, m) => sum + m, 0);
    return Math.exp(logs.reduce((sum, x) => sum + x, 0) / (length + 1e-8));
  };
  const tokens = (options.batch_num_tokens ?? mask.reduce((sum, m) => sum + m, 0)) / (options.dp_size ?? 1);
  return {
    logProbs: float64(shape, flat(inputs.logp)),
    oldLogProbs: float64(shape, flat(inputs.old_logp)),
    referenceLogProbs: float64(shape, flat(inputs.logp)),
    // A positive weight of the sampler is a factor of the advantage.
    advantages: float64(
      shape,
      flat(inputs.advantages).map((a, at) => a * weightOf(at)),
    ),
    mask: float64(shape, mask),
    entropy: float64(
      shape,
      mask.map(() => 0),
    ),
    tokens: float64([], [options.loss_agg_mode === "token-sum" ? 1 : tokens]),
    sequences: float64([], [(options.global_batch_size ?? shape[0]) / (options.dp_size ?? 1)]),
  };
};

/** verl's metrics and the sums of ours that they are; its means have 1e-8 in their denominators. */
const metricsOf = (kind: string): readonly (readonly [string, readonly string[]])[] => {
  const cut = ["actor/pg_clipfrac", ["clip_fraction_low", "clip_fraction_high"]] as const;
  switch (kind) {
    case "vanilla":
      return [cut];
    case "dppo_tv":
    case "dppo_kl":
      return [cut, ["actor/pg_clipfrac_lower", ["truncated_fraction"]]];
    case "clip_cov":
      return [["actor/pg_clipfrac", ["covariance_clip_fraction"]]];
    default:
      return [];
  }
};

const cases = goldenCases<Options>("policy_loss_verl");
const applying = cases.filter((one) => reason(one) === undefined);
const { evaluate } = testDevice();

describe("policy losses equal verl", () => {
  it.each(applying)("$name", async (one) => {
    const { loss, metrics } = lossOf(one).build(lossInputs);
    const gradient = grad(loss, [lossInputs.logProbs])[0]!;
    const feeds = feedsOf(one);
    const results = await evaluate({ loss, gradient, ...metrics }, feeds);
    // verl adds 1e-8 to the length of a sequence in its means: a part of up to 1e-8, in geo_mean more than once.
    // Losses of sequences cancel, so that the part is of their size, not of that of their mean.
    const meanOfMeans = kindOf(one.name) === "geo_mean" || one.options.loss_agg_mode === "seq-mean-token-mean";
    const tolerance = meanOfMeans ? { rtol: 5e-8, atol: 1e-8 } : one.tolerance;
    expectNear(numbers(results.loss), flat(one.expected.loss), tolerance);
    expectNear(numbers(results.gradient), flat(one.gradients.logp), tolerance);
    const tokens = feeds.mask.data.reduce((sum, m) => sum + m, 0);
    for (const [name, ours] of metricsOf(kindOf(one.name))) {
      const sum = ours.reduce((total, each) => total + numbers(results[each])[0]!, 0);
      const wanted = one.expected.metrics?.[name];
      const share = (sum * feeds.tokens.data[0]!) / tokens;
      expectNear([share], [wanted!], { rtol: one.tolerance.metrics_rtol, atol: 1e-8 });
    }
  });

  skipCases(cases, reason);

  it.skipIf(cases.length === 0)("has cases of every loss", () => {
    expect([...new Set(applying.map(({ name }) => kindOf(name)))].sort()).toEqual(Object.keys(choices).sort());
  });
});
