import { input } from "@msrl/core/graph";
import {
  type Correction,
  divergenceMask,
  icePop,
  maskedImportance,
  offPolicySequenceMask,
  truncatedImportance,
} from "@msrl/core/losses";
import { describe, it } from "vitest";
import { clipVespoDefaults, gammaWeights } from "../../packages/core/src/losses/clipRules/clipVespo.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { correctionInputs } from "./correctionInputs.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly level: "token" | "sequence";
  readonly batch_normalize: boolean;
  readonly rollout_rs: string;
  readonly threshold: number | string;
}

type Case = GoldenCase<Options>;
const { evaluate } = testDevice();
/** The rest of the topic is in `aggregation.test.ts`. */
const all = goldenCases<Options>("aggregation").filter(({ name }) =>
  /^(is_weights|rejection|off_policy_mask|vespo_gamma_weights)\//.test(name),
);
const of = (kind: string) => all.filter(({ name }) => name.startsWith(`${kind}/`));

/** Weights of corrections over log-ratios of trainer and sampler, 0 where no token counts, as verl has them. */
const weightsOf = async (corrections: readonly Correction[], { inputs }: Case): Promise<readonly number[]> => {
  const shape = shapeOf(inputs.log_ratio);
  const mask = flat(inputs.response_mask);
  const zeros = float64(
    shape,
    mask.map(() => 0),
  );
  const feeds = {
    logProbs: zeros,
    oldLogProbs: float64(shape, flat(inputs.log_ratio)),
    samplerLogProbs: zeros,
    advantages: zeros,
    mask: float64(shape, mask),
  };
  const outputs = Object.fromEntries(corrections.map(({ weigh }, at) => [`w${at}`, weigh(correctionInputs)]));
  const results = await evaluate(outputs, feeds);
  return mask.map((m, at) => corrections.reduce((product, _, i) => product * numbers(results[`w${i}`])[at]!, m));
};

const importance = ({ level, threshold, batch_normalize: normalize }: Options): Correction => {
  if (typeof threshold === "number") return truncatedImportance({ level, max: threshold, normalize });
  const [min, max] = threshold.split("_").map(Number) as [number, number];
  return normalize || level === "sequence" ? maskedImportance({ level, min, max, normalize }) : icePop({ min, max });
};

const scopes = { token: "token", seq_sum: "sequenceSum", seq_mean: "sequenceMean", seq_max: "sequenceMax" } as const;

const rejections = ({ rollout_rs, threshold }: Options): readonly Correction[] =>
  rollout_rs.split(",").map((mode, at) => {
    const [, scope, estimator] = /^(.+)_(k[123])$/.exec(mode) as unknown as [string, keyof typeof scopes, "k1"];
    const [low, high] = String(threshold).split(",")[at]!.split("_").map(Number);
    return divergenceMask({
      by: scopes[scope],
      estimator,
      ...(high === undefined ? { max: low! } : { min: low!, max: high }),
    });
  });

/** TRL adds up the logs of weights at padding too. */
const weighsPadding = ({ inputs }: Case): boolean =>
  inputs.is_ratio !== undefined && flat(inputs.is_ratio).some((w, at) => w !== 1 && flat(inputs.mask)[at] === 0);

const importanceCases = of("is_weights").filter(({ expected }) => expected.weights !== undefined);

describe("off-policy corrections equal verl and TRL", () => {
  it.each(importanceCases)("$name", async (one) => {
    const weights = await weightsOf([importance(one.options)], one);
    // verl adds 1e-8 to the count of its mean.
    const near = one.options.batch_normalize ? { rtol: 1e-8, atol: 1e-12 } : one.tolerance;
    expectNear(weights, flat(one.expected.weights), near);
    const wanted = one.expected.metrics?.rollout_is_eff_sample_size;
    // verl's size is that of the weights before they are cut by sequence, and before they are divided by their mean.
    if (one.options.level === "sequence" || one.options.batch_normalize) return;
    const kept = weights.filter((_, at) => flat(one.inputs.response_mask)[at] === 1);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / kept.length;
    expectNear([mean(kept) ** 2 / mean(kept.map((w) => w * w))], [wanted!], { rtol: 1e-6, atol: 1e-8 });
  });

  it.each(of("rejection"))("$name", async (one) => {
    const keep = await weightsOf(rejections(one.options), one);
    expectNear(keep, flat(one.expected.mask), one.tolerance);
  });

  it.each(of("off_policy_mask"))("$name", async ({ inputs, options, expected, tolerance }) => {
    const shape = shapeOf(inputs.logp) as [number, number];
    const advantages = flat(inputs.advantages);
    const weights = offPolicySequenceMask({ threshold: Number(options.threshold) }).weigh(correctionInputs);
    const { keep } = await evaluate(
      { keep: weights },
      {
        logProbs: float64(shape, flat(inputs.logp)),
        samplerLogProbs: float64(shape, flat(inputs.sampling_logp)),
        advantages: float64(
          shape,
          flat(inputs.mask).map((_, at) => advantages[Math.floor(at / shape[1])]!),
        ),
        mask: float64(shape, flat(inputs.mask)),
      },
    );
    expectNear(
      numbers(keep).filter((_, at) => at % shape[1] === 0),
      flat(expected.keep),
      tolerance,
    );
  });

  it.each(of("vespo_gamma_weights").filter((one) => !weighsPadding(one)))(
    "$name",
    async ({ inputs, options, expected, tolerance }) => {
      const shape = shapeOf(inputs.log_ratio) as [number, number];
      const advantages = flat(inputs.advantages);
      const given = options as unknown as Record<"k_pos" | "lambda_pos" | "k_neg" | "lambda_neg", number>;
      const perToken = (name: string) => input(name, "float64", ["batch", "time"]);
      const phi = gammaWeights(
        {
          ...clipVespoDefaults,
          powerPositive: given.k_pos,
          decayPositive: given.lambda_pos,
          powerNegative: given.k_neg,
          decayNegative: given.lambda_neg,
        },
        {
          logRatios: perToken("logRatios"),
          advantages: perToken("advantages"),
          mask: perToken("mask"),
          ...(inputs.is_ratio && { weights: perToken("weights") }),
        },
      );
      const results = await evaluate(
        { phi },
        {
          logRatios: float64(shape, flat(inputs.log_ratio)),
          advantages: float64(
            shape,
            flat(inputs.mask).map((_, at) => advantages[Math.floor(at / shape[1])]!),
          ),
          mask: float64(shape, flat(inputs.mask)),
          ...(inputs.is_ratio && { weights: float64(shape, flat(inputs.is_ratio)) }),
        },
      );
      expectNear(
        numbers(results.phi).filter((_, at) => at % shape[1] === 0),
        flat(expected.phi),
        tolerance,
      );
    },
  );
});

const reasons: Readonly<Record<string, string>> = {
  vespo_gamma_weights: "TRL adds weights of padding that are not 1",
  is_weights: "verl divides by zero where no weight is within the bounds",
};

describe("the rest", () => {
  skipCases(all, (one) => {
    const kind = one.name.split("/")[0]!;
    if (kind === "is_weights" && one.expected.weights !== undefined) return undefined;
    return kind === "vespo_gamma_weights" && !weighsPadding(one) ? undefined : reasons[kind];
  });
});
