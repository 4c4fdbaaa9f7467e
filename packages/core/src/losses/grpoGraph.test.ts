import * as E from "fp-ts/Either";
import { expect, it } from "vitest";
import type { Expr } from "../graph/expr.js";
import { add, and, exp, greater, less, mul, neg } from "../graph/ops/elementwise.js";
import { cast, where } from "../graph/ops/select.js";
import { k3 } from "../kl/k3.js";
import { klEstimators } from "../kl/klEstimators.js";
import { logRatio } from "../kl/logRatio.js";
import { aggregateOf } from "./aggregate.js";
import { clipPpo } from "./clipRules/clipPpo.js";
import { counted } from "./counted.js";
import { type GrpoOptions, grpo, grpoDefaults } from "./grpo.js";
import type { Loss, LossInputs } from "./loss.js";
import { policyLoss } from "./policyLoss.js";
import { tokenGradientModel } from "./tokenGradientModel.js";

const atMost = (value: Expr, bound: number): Expr => where(greater(value, bound), bound, value);
const noLessThan = (value: Expr, bound: number): Expr => where(less(value, bound), bound, value);

const perToken = (options: GrpoOptions, { logProbs, oldLogProbs, referenceLogProbs, advantages }: LossInputs) => {
  const { epsilonLow, epsilonHigh, delta, beta, klEstimator } = options;
  const free = exp(logRatio(logProbs, oldLogProbs));
  const clipped = noLessThan(atMost(free, 1 + epsilonHigh), 1 - epsilonLow);
  const ratio = delta === undefined ? free : atMost(free, delta);
  const [gain, clippedGain] = [mul(ratio, advantages), mul(clipped, advantages)];
  const policy = neg(where(less(clippedGain, gain), clippedGain, gain));
  if (beta === 0) return { ratio, loss: policy };
  const kl = klEstimators[klEstimator](logProbs, referenceLogProbs);
  return { ratio, loss: add(policy, mul(kl, beta)), kl };
};

/** The loss of GRPO written out, as a graph. */
const writtenOut = (options: GrpoOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const clean = counted(inputs);
  const { ratio, loss, kl } = perToken(options, clean);
  const mean = (x: Expr): Expr => aggregateOf({ aggregation: "tokenMean" })(x, inputs);
  const share = (condition: Expr): Expr => mean(cast(condition, ratio.dtype));
  const { logProbs, oldLogProbs, advantages, entropy } = clean;
  return {
    loss: aggregateOf(options)(loss, inputs),
    metrics: {
      clip_fraction_low: share(and(less(ratio, 1 - options.epsilonLow), less(advantages, 0))),
      clip_fraction_high: share(and(greater(ratio, 1 + options.epsilonHigh), greater(advantages, 0))),
      ratio_mean: mean(ratio),
      approx_kl: mean(k3(oldLogProbs, logProbs)),
      ...(kl && { kl: mean(kl) }),
      ...(entropy && { entropy: mean(entropy) }),
    },
  };
};

const hashOf = (loss: Loss, dtype: "float32" | "float64"): string => {
  const model = tokenGradientModel(loss, dtype);
  if (E.isLeft(model)) throw model.left;
  return model.right.hash;
};

const variants: readonly Partial<GrpoOptions>[] = [
  {},
  { epsilonLow: 0.2, epsilonHigh: 0.28, beta: 0, reportEntropy: true },
  { beta: 0.04, delta: 2, aggregation: "constant", maxTokens: 8 },
  { beta: 0.1, klEstimator: "k1", aggregation: "tokenMean" },
];

it.each(variants)("grpo and its composition are the graph written out, byte for byte: %o", (options) => {
  const settings = { ...grpoDefaults, ...options };
  const { epsilonLow, epsilonHigh, delta, beta, klEstimator, reportEntropy, ...reduced } = settings;
  const clip = clipPpo({ epsilonLow, epsilonHigh, ...(delta !== undefined && { delta }) });
  const terms = { beta, klEstimator, reportEntropy };
  const composed = policyLoss({ name: "grpo", ratio: "token", clip, ...reduced, terms });
  for (const dtype of ["float32", "float64"] as const) {
    const wanted = hashOf({ ...grpo(options), build: (inputs) => writtenOut(settings, inputs) }, dtype);
    expect(hashOf(grpo(options), dtype)).toBe(wanted);
    expect(hashOf(composed, dtype)).toBe(wanted);
  }
});
