import * as E from "fp-ts/Either";
import { expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import type { Expr } from "../graph/expr.js";
import { add, exp, greater, less, mul, neg } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { klEstimators } from "../kl/klEstimators.js";
import { logRatio } from "../kl/logRatio.js";
import { aggregateOf } from "./aggregate.js";
import { clipPpo } from "./clipRules/clipPpo.js";
import { counted } from "./counted.js";
import { type GrpoOptions, grpo, grpoDefaults } from "./grpo.js";
import type { Loss, LossInputs } from "./loss.js";
import { policyLoss } from "./policyLoss.js";
import { tokenGradient } from "./tokenGradient.js";
import { tokenGradientModel } from "./tokenGradientModel.js";

const { device } = testDevice();

const atMost = (value: Expr, bound: number): Expr => where(greater(value, bound), bound, value);
const noLessThan = (value: Expr, bound: number): Expr => where(less(value, bound), bound, value);

const perToken = (options: GrpoOptions, { logProbs, oldLogProbs, referenceLogProbs, advantages }: LossInputs) => {
  const { epsilonLow, epsilonHigh, delta, beta, klEstimator } = options;
  const free = exp(logRatio(logProbs, oldLogProbs));
  const clipped = noLessThan(atMost(free, 1 + epsilonHigh), 1 - epsilonLow);
  const ratio = delta === undefined ? free : atMost(free, delta);
  const [gain, clippedGain] = [mul(ratio, advantages), mul(clipped, advantages)];
  const policy = neg(where(less(clippedGain, gain), clippedGain, gain));
  return beta === 0 ? policy : add(policy, mul(klEstimators[klEstimator](logProbs, referenceLogProbs), beta));
};

/** The loss of GRPO written out, as a graph. */
const writtenOut = (options: GrpoOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const clean = counted(inputs);
  const loss = perToken(options, clean);
  return { loss: aggregateOf(options)(loss, inputs), metrics: {} };
};

/** The hash of a loss and its gradient; metrics are outputs of their own beside them. */
const hashOf = (loss: Loss, dtype: "float32" | "float64"): string => {
  const model = tokenGradientModel({ ...loss, build: (inputs) => ({ ...loss.build(inputs), metrics: {} }) }, dtype);
  if (E.isLeft(model)) throw model.left;
  return model.right.hash;
};

const variants: readonly Partial<GrpoOptions>[] = [
  {},
  { epsilonLow: 0.2, epsilonHigh: 0.28, beta: 0, reportEntropy: true },
  { beta: 0.04, delta: 2, aggregation: "constant", maxTokens: 8 },
  { beta: 0.1, klEstimator: "k1", aggregation: "tokenMean" },
];

it.each(variants)(
  "loss and gradient of grpo and its composition are the graph written out, byte for byte: %o",
  (options) => {
    const settings = { ...grpoDefaults, ...options };
    const { epsilonLow, epsilonHigh, delta, beta, klEstimator, reportEntropy, aggregation, maxTokens } = settings;
    const reduced = { aggregation, ...(maxTokens !== undefined && { maxTokens }) };
    const clip = clipPpo({ epsilonLow, epsilonHigh, ...(delta !== undefined && { delta }) });
    const terms = { beta, klEstimator, reportEntropy };
    const composed = policyLoss({ name: "grpo", ratio: "token", clip, ...reduced, terms });
    for (const dtype of ["float32", "float64"] as const) {
      const wanted = hashOf({ ...grpo(options), build: (inputs) => writtenOut(settings, inputs) }, dtype);
      expect(hashOf(grpo(options), dtype)).toBe(wanted);
      expect(hashOf(composed, dtype)).toBe(wanted);
    }
  },
);

it.each(variants)("its metrics leave the bits of loss and gradient as they are: %o", async (options) => {
  const bare = (loss: Loss): Loss => ({ ...loss, build: (inputs) => ({ ...loss.build(inputs), metrics: {} }) });
  const values = (from: number, step: number) => Array.from({ length: 24 }, (_, at) => from - ((at * step) % 1.7));
  const arrays = {
    batch: 4,
    time: 6,
    logProbs: values(-0.1, 0.37),
    oldLogProbs: values(-0.05, 0.41),
    referenceLogProbs: values(-0.2, 0.29),
    entropy: values(2, 0.53),
    advantages: [0.7, -1.3, 0.2, 1.1],
    mask: values(2.2, 0.6).map((value) => (value > 0.8 ? 1 : 0)),
  };
  const [full, alone] = await Promise.all(
    [grpo(options), bare(grpo(options))].map(async (loss) => (await tokenGradient(loss, await device()))(arrays)),
  );
  expect([full!.loss, ...full!.gradient]).toEqual([alone!.loss, ...alone!.gradient]);
  expect(full!.gradient.some((slope) => slope !== 0)).toBe(true);
});
