import { grad } from "@msrl/core/graph";
import { tokenGradient } from "@msrl/core/losses";
import { describe, expect, it } from "vitest";
import { lossInputs } from "../../packages/core/test/lossInputs.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";
import {
  aggregation,
  controllerOf,
  kindOf,
  levelOf,
  lossOf,
  reason,
  type TrlOptions,
  typeOf,
} from "./trlPolicyLosses.js";

const feedsOf = ({ inputs, options }: GoldenCase<TrlOptions>) => {
  const shape = shapeOf(inputs.logp);
  const time = shape[1]!;
  const mask = flat(inputs.completion_mask).map((m, at) => m * (inputs.tool_mask ? flat(inputs.tool_mask)[at]! : 1));
  const given = flat(inputs.advantages);
  const weights = inputs.is_ratio && flat(inputs.is_ratio);
  const lengths = (at: number) => {
    const row = Math.floor(at / time) * time;
    return Math.max(
      1,
      mask.slice(row, row + time).reduce((sum, m) => sum + m, 0),
    );
  };
  /** The log of a sampler's weight; VESPO multiplies those of the tokens, so each has its part of one a sequence. */
  const logWeight = (at: number): number => {
    if (!weights) return 0;
    const parts = typeOf(options) === "vespo" && weights.length < mask.length ? lengths(at) : 1;
    return Math.log(spread(weights, at)) / parts;
  };
  const spread = (values: readonly number[], at: number) =>
    values[values.length === mask.length ? at : Math.floor(at / time)]!;
  const masked = mask.reduce((sum, m) => sum + m, 0);
  const accumulation = options.training === false ? 1 : (options.gradient_accumulation_steps ?? 1);
  const items =
    (options.num_items_in_batch ?? masked) / (options.training === false ? 1 : (options.steps_per_generation ?? 1));
  return {
    masked,
    feeds: {
      logProbs: float64(shape, flat(inputs.logp)),
      oldLogProbs: float64(shape, flat(inputs.old_logp ?? inputs.logp)),
      samplerLogProbs: float64(
        shape,
        flat(inputs.sampling_logp ?? inputs.old_logp ?? inputs.logp).map((logP, at) => logP - logWeight(at)),
      ),
      referenceLogProbs: float64(shape, flat(inputs.ref_logp)),
      advantages: float64(
        shape,
        mask.map((_, at) => spread(given, at)),
      ),
      mask: float64(shape, mask),
      entropy: float64(shape, flat(inputs.entropy)),
      // TRL: dapo, cispo and vespo divide by the tokens of the whole batch, the others by those of this one times the micro-batches.
      tokens: float64([], [(["dapo", "cispo", "vespo"].includes(typeOf(options)) ? items : masked) * accumulation]),
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

/** Whether a token's log-ratio is that of a clip's border, to the digits of float32. */
const onBorder = ({ name, inputs, options }: GoldenCase<TrlOptions>, at: number): boolean => {
  const { epsilon_low: low = 0.2, epsilon_high: high = 0.2 } = options;
  const borders = kindOf(name) === "gmpo" ? [-low, high] : [Math.log(1 - low), Math.log(1 + high)];
  const d = flat(inputs.logp)[at]! - flat(inputs.old_logp ?? inputs.logp)[at]!;
  return borders.some((border) => Math.abs(d - border) < 1e-6);
};

const cases = goldenCases<TrlOptions>("policy_loss_trl");
const applying = cases.filter((one) => reason(one) === undefined);
const { device, evaluate } = testDevice();

const mapValues = <Key extends string, A, B>(record: Readonly<Record<Key, A>>, f: (value: A) => B): Record<Key, B> =>
  Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, f(value)])) as Record<Key, B>;

describe("policy losses equal GRPOTrainer of TRL", () => {
  it.each(applying)("$name", async (one) => {
    const { feeds, masked } = feedsOf(one);
    const { loss, metrics } = lossOf(one).build(lossInputs);
    const [gradient, entropyGradient] = grad(loss, [lossInputs.logProbs, lossInputs.entropy]);
    const results = await evaluate({ loss, gradient: gradient!, entropyGradient: entropyGradient!, ...metrics }, feeds);
    expectNear(numbers(results.loss), flat(one.expected.loss), one.tolerance);
    expectNear(numbers(results.gradient), flat(one.gradients.logp), one.tolerance);
    if (one.gradients.entropy) expectNear(numbers(results.entropyGradient), flat(one.gradients.entropy), one.tolerance);
    // TRL's metrics of a ratio a sequence are means over sequences, ours over their tokens.
    if (levelOf(one.options) !== "token" || kindOf(one.name) === "rloo") return;
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
    const { tokens, sequences, ...arrays } = mapValues(feeds, ({ data }) => data);
    const gradientOf = await tokenGradient(lossOf(one), await device());
    const { loss, gradient, entropyGradient } = await gradientOf({
      batch,
      time,
      ...arrays,
      tokens: tokens[0]!,
      sequences: sequences[0]!,
    });
    // Seven digits of float32, less those that log-probs of 30 nats cost the ratio.
    const tolerance = { rtol: 1e-5, atol: 1e-6 };
    expectNear([loss], flat(one.expected.loss), tolerance);
    // On a clip's border the digits that float32 lacks decide which slope is taken.
    const inside = (values: readonly number[]) => values.filter((_, at) => !onBorder(one, at));
    expectNear(inside([...gradient]), inside(flat(one.gradients.logp)), tolerance);
    const { entropy = one.gradients.logp && flat(one.gradients.logp).map(() => 0) } = one.gradients;
    if (entropyGradient) expectNear([...entropyGradient], flat(entropy), tolerance);
  });

  const adaptive = cases.flatMap((one) => (one.options.adaptive ? [{ one, given: one.options.adaptive }] : []));
  it.each(adaptive)("$one.name: the coefficient after the update", ({ one, given }) => {
    const { controller, state } = controllerOf(given);
    const { coefficient, entropy } = controller.next(state, flat(one.expected.last_world_entropy_after)[0]!);
    expectNear([coefficient], flat(one.expected.entropy_coef_after), one.tolerance);
    expect(entropy).toBe(one.expected.last_world_entropy_after);
    expect(one.expected.metrics?.entropy).toBeCloseTo(entropy, 6);
  });

  skipCases(cases, reason);

  it("has cases of every loss type", () => {
    const types = new Set(cases.filter((one) => !reason(one)).map(({ options }) => typeOf(options)));
    expect([...types].sort()).toEqual(Object.keys(aggregation).sort());
  });
});
