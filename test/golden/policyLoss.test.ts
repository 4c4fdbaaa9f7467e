import { grad } from "@msrl/core/graph";
import { type GrpoOptions, grpo, tokenGradient } from "@msrl/core/losses";
import { describe, expect, it } from "vitest";
import { lossInputs } from "../../packages/core/test/lossInputs.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly loss_type?: string;
  readonly importance_sampling_level?: string;
  readonly beta?: number;
  readonly epsilon_low?: number;
  readonly epsilon_high?: number;
  readonly delta?: number;
  readonly max_completion_length?: number;
  readonly gradient_accumulation_steps?: number;
  readonly steps_per_generation?: number;
  readonly num_items_in_batch?: number;
  readonly training?: boolean;
}

const known = new Set([
  "loss_type",
  "importance_sampling_level",
  "beta",
  "epsilon_low",
  "epsilon_high",
  "delta",
  "max_completion_length",
  "gradient_accumulation_steps",
  "steps_per_generation",
  "num_items_in_batch",
  "training",
]);

const aggregation = {
  grpo: "sequenceMean",
  bnpo: "tokenMean",
  dapo: "tokenMean",
  dr_grpo: "constant",
} as const;

/** Why a case is not one of `grpo`; undefined if it is. */
const reason = ({ name, options }: GoldenCase<Options>): string | undefined => {
  const { loss_type: type = "grpo", importance_sampling_level: level = "token" } = options;
  if (/^(gmpo|rloo|gspo_token)\//.test(name)) return `${name.split("/")[0]}: another loss`;
  if (!(type in aggregation)) return `loss_type ${type}: another loss`;
  if (level !== "token") return `ratio of a ${level}: another loss (GSPO)`;
  const other = Object.keys(options).find((option) => !known.has(option));
  return other && `${other}: not an option of grpo`;
};

const optionsOf = (options: Options): Partial<GrpoOptions> => ({
  aggregation: aggregation[(options.loss_type ?? "grpo") as keyof typeof aggregation],
  // GRPO_DEFAULTS of the generator.
  epsilonLow: options.epsilon_low ?? 0.2,
  epsilonHigh: options.epsilon_high ?? 0.2,
  beta: options.beta ?? 0,
  ...(options.delta !== undefined && { delta: options.delta }),
  ...(options.loss_type === "dr_grpo" && { maxTokens: options.max_completion_length ?? 16 }),
});

const feedsOf = ({ inputs, options }: GoldenCase<Options>) => {
  const shape = shapeOf(inputs.logp);
  const time = shape[1]!;
  const mask = flat(inputs.completion_mask).map((m, at) => m * (inputs.tool_mask ? flat(inputs.tool_mask)[at]! : 1));
  const advantages = flat(inputs.advantages);
  const masked = mask.reduce((sum, m) => sum + m, 0);
  const accumulation = options.training === false ? 1 : (options.gradient_accumulation_steps ?? 1);
  const items =
    (options.num_items_in_batch ?? masked) / (options.training === false ? 1 : (options.steps_per_generation ?? 1));
  return {
    masked,
    feeds: {
      logProbs: float64(shape, flat(inputs.logp)),
      oldLogProbs: float64(shape, flat(inputs.old_logp ?? inputs.logp)),
      referenceLogProbs: float64(shape, flat(inputs.ref_logp)),
      advantages: float64(
        shape,
        mask.map((_, at) => advantages[advantages.length === mask.length ? at : Math.floor(at / time)]!),
      ),
      mask: float64(shape, mask),
      entropy: float64(shape, flat(inputs.entropy)),
      // TRL: dapo divides by the tokens of the whole batch, the others by those of this one times the micro-batches.
      tokens: float64([], [(options.loss_type === "dapo" ? items : masked) * accumulation]),
      // TRL's means count every row, those without a token too.
      sequences: float64([], [shape[0]! * accumulation]),
    },
  };
};

const metricNames = {
  "clip_ratio/low_mean": "clip_fraction_low",
  "clip_ratio/high_mean": "clip_fraction_high",
  kl: "kl",
  entropy: "entropy",
} as const;

const cases = goldenCases<Options>("policy_loss_trl");
const applying = cases.filter((one) => reason(one) === undefined);
const { device, evaluate } = testDevice();

const mapValues = <Key extends string, A, B>(record: Readonly<Record<Key, A>>, f: (value: A) => B): Record<Key, B> =>
  Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, f(value)])) as Record<Key, B>;

describe("grpo equals GRPOTrainer of TRL", () => {
  it.each(applying)("$name", async (one) => {
    const { feeds, masked } = feedsOf(one);
    const { loss, metrics } = grpo(optionsOf(one.options)).build(lossInputs);
    const gradient = grad(loss, [lossInputs.logProbs])[0]!;
    const results = await evaluate({ loss, gradient, ...metrics }, feeds);
    expectNear(numbers(results.loss), flat(one.expected.loss), one.tolerance);
    expectNear(numbers(results.gradient), flat(one.gradients.logp), one.tolerance);
    for (const [name, wanted] of Object.entries(one.expected.metrics ?? {})) {
      const ours = results[metricNames[name as keyof typeof metricNames]];
      if (ours === undefined) continue;
      // Ours are parts of whole-update means, TRL's means over the tokens of this batch.
      const value = numbers(ours)[0]! * (Math.max(1, feeds.tokens.data[0]!) / Math.max(1, masked));
      expectNear([value], [wanted], { rtol: one.tolerance.metrics_rtol, atol: one.tolerance.atol });
    }
  });

  it.each(applying)("$name, in float32 through tokenGradient", async (one) => {
    const { feeds } = feedsOf(one);
    const [batch, time] = feeds.logProbs.shape as [number, number];
    const { tokens, sequences, entropy, ...arrays } = mapValues(feeds, ({ data }) => data);
    const gradientOf = await tokenGradient(grpo(optionsOf(one.options)), await device());
    const { loss, gradient } = await gradientOf({
      batch,
      time,
      ...arrays,
      tokens: tokens[0]!,
      sequences: sequences[0]!,
    });
    // Seven digits of float32, less those that log-probs of 30 nats cost the ratio.
    const tolerance = { rtol: 1e-5, atol: 1e-6 };
    expectNear([loss], flat(one.expected.loss), tolerance);
    expectNear([...gradient], flat(one.gradients.logp), tolerance);
  });

  skipCases(cases, reason);

  it("has cases of every aggregation", () => {
    const types = new Set(cases.filter((one) => !reason(one)).map(({ options }) => options.loss_type ?? "grpo"));
    expect([...types].sort()).toEqual(Object.keys(aggregation).sort());
  });
});
