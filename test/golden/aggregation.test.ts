import { grad, input } from "@msrl/core/graph";
import {
  type AggregateOptions,
  aggregate,
  type Correction,
  divergenceMask,
  icePop,
  maskedImportance,
  offPolicySequenceMask,
  topEntropy,
  truncatedImportance,
  valueLoss,
} from "@msrl/core/losses";
import { describe, it } from "vitest";
import { cast } from "../../packages/core/src/graph/ops/select.js";
import { clipVespoDefaults, gammaWeights } from "../../packages/core/src/losses/clipRules/clipVespo.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { correctionInputs } from "./correctionInputs.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly loss_agg_mode: string;
  readonly dp_size?: number;
  readonly batch_num_tokens?: number;
  readonly global_batch_size?: number;
  readonly loss_scale_factor?: number;
  readonly level: "token" | "sequence";
  readonly batch_normalize: boolean;
  readonly cliprange_value: number;
  readonly rollout_rs: string;
  readonly threshold: number | string;
}

type Case = GoldenCase<Options>;
const { evaluate } = testDevice();
const all = goldenCases<Options>("aggregation");
const of = (kind: string) => all.filter(({ name }) => name.startsWith(`${kind}/`));

const aggregation = {
  "token-mean": "tokenMean",
  "token-sum": "tokenMean",
  "seq-mean-token-sum": "sequenceSum",
  "seq-mean-token-sum-norm": "constant",
  "seq-mean-token-mean": "sequenceMean",
} as const;

describe("aggregations equal verl", () => {
  it.each(of("agg"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const shape = shapeOf(inputs.loss_mat) as [number, number];
    const mode = options.loss_agg_mode as keyof typeof aggregation;
    const [values, mask] = ["values", "mask"].map((name) => input(name, "float64", ["batch", "time"]));
    const [tokens, sequences] = ["tokens", "sequences"].map((name) => input(name, "float64", []));
    const chosen: AggregateOptions = {
      aggregation: aggregation[mode],
      ...(mode === "seq-mean-token-sum-norm" && { maxTokens: options.loss_scale_factor ?? shape[1] }),
    };
    const loss = aggregate(chosen)(values!, { mask: mask!, tokens: tokens!, sequences: sequences! });
    const counting = flat(inputs.loss_mask);
    const rows = Array.from({ length: shape[0] }, (_, row) => counting.slice(row * shape[1], (row + 1) * shape[1]));
    const full = rows.filter((row) => row.includes(1)).length;
    const ranks = options.dp_size ?? 1;
    const count = options.batch_num_tokens ?? counting.filter((m) => m === 1).length;
    const results = await evaluate(
      { loss, gradient: grad(loss, [values!])[0]! },
      {
        values: float64(shape, flat(inputs.loss_mat)),
        mask: float64(shape, counting),
        tokens: float64([], [mode === "token-sum" ? 1 : count / ranks]),
        sequences: float64([], [(options.global_batch_size ?? full) / ranks]),
      },
    );
    // verl adds 1e-8 to the length of a sequence; the losses of sequences cancel, so that it is a part of their size.
    const near = mode === "seq-mean-token-mean" ? { rtol: 5e-8, atol: 1e-8 } : tolerance;
    // A count below 1 counts as 1 here: verl's factor for its ranks stands outside.
    const factor = mode === "token-sum" ? ranks : 1;
    const scaled = (values: readonly number[]) => values.map((value) => value * factor);
    expectNear(scaled(numbers(results.loss)), flat(expected.loss), near);
    expectNear(scaled(numbers(results.gradient)), flat(gradients.loss_mat), near);
  });
});

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

describe("the top-entropy mask equals TRL", () => {
  it.each(of("high_entropy_mask"))("$name", async ({ inputs, options, expected, tolerance }) => {
    const shape = shapeOf(inputs.entropy);
    const [entropy, mask] = ["entropy", "mask"].map((name) => input(name, "float64", ["batch", "time"]));
    const keep = cast(topEntropy(1 - Number(options.threshold))(entropy!, mask!), "float64");
    const feeds = { entropy: float64(shape, flat(inputs.entropy)), mask: float64(shape, flat(inputs.mask)) };
    expectNear(numbers((await evaluate({ keep }, feeds)).keep), flat(expected.mask), tolerance);
  });
});

describe("value losses equal verl", () => {
  it.each(of("value_loss"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const shape = shapeOf(inputs.vpreds);
    const perToken = (name: string) => input(name, "float64", ["batch", "time"]);
    const values = { values: perToken("values"), oldValues: perToken("oldValues"), returns: perToken("returns") };
    const counts = {
      mask: perToken("mask"),
      tokens: input("tokens", "float64", []),
      sequences: input("sequences", "float64", []),
    };
    const { loss, metrics } = valueLoss({ epsilon: options.cliprange_value })(values, counts);
    const mask = flat(inputs.response_mask);
    const results = await evaluate(
      { loss, gradient: grad(loss, [values.values])[0]!, ...metrics },
      {
        values: float64(shape, flat(inputs.vpreds)),
        oldValues: float64(shape, flat(inputs.values)),
        returns: float64(shape, flat(inputs.returns)),
        mask: float64(shape, mask),
        tokens: float64([], [mask.reduce((sum, m) => sum + m, 0)]),
      },
    );
    expectNear(numbers(results.loss), flat(expected.loss), tolerance);
    expectNear(numbers(results.gradient), flat(gradients.vpreds), tolerance);
    // verl adds 1e-8 to the count, and its flags are float32.
    expectNear(numbers(results.value_clip_fraction), flat(expected.clipfrac), { rtol: 1e-6, atol: 1e-8 });
  });
});

const reasons: Readonly<Record<string, string>> = {
  nanstd: "a helper of TRL's log; advantages leave missing rewards out themselves (advantages_trl)",
  nanmin_nanmax: "a helper of TRL's log; extremes here have no missing values",
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
