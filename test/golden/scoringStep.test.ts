import { groupRelative } from "@msrl/core/advantages";
import {
  type Correction,
  clipNone,
  maskedImportance,
  maskTruncated,
  policyLoss,
  truncatedImportance,
} from "@msrl/core/losses";
import { describe, expect, it } from "vitest";
import { lossInputs } from "../../packages/core/test/lossInputs.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { correctionInputs } from "./correctionInputs.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, skipCases } from "./golden.js";

interface Options {
  readonly mask_truncated_completions: boolean;
  readonly vllm_importance_sampling_mode: string | null;
  readonly clip_min: number | null;
  readonly clip_max: number;
  readonly eos_token_id: number;
  readonly pad_token_id: number;
}

const { evaluate } = testDevice();
const cases = goldenCases<Options>("scoring_step_trl");

/** Rows of one length, filled up at their ends. */
const padded = (rows: readonly (readonly number[])[], by: number): readonly number[] => {
  const time = Math.max(...rows.map((row) => row.length));
  return rows.flatMap((row) => [...row, ...Array<number>(time - row.length).fill(by)]);
};

const rowsOf = (numbers: Numbers | undefined): readonly (readonly number[])[] =>
  (numbers as readonly Numbers[]).map(flat);

const correctionOf = ({ vllm_importance_sampling_mode: mode, clip_min: min, clip_max: max }: Options): Correction => {
  const [level, kind] = mode!.split("_") as ["token" | "sequence", string];
  const bounds = { level, max, ...(min !== null && { min }) };
  return kind === "truncate" ? truncatedImportance(bounds) : maskedImportance(bounds);
};

const masked = ({ inputs, options }: GoldenCase<Options>) =>
  rowsOf(inputs.completion_ids).map((tokenIds) => {
    const truncated = tokenIds.at(-1) !== options.eos_token_id && options.mask_truncated_completions;
    return maskTruncated({ tokenIds, truncated });
  });

describe("what is made of completions before the update equals TRL", () => {
  it.each(cases)("$name: masks, counts and advantages", async (one) => {
    const { inputs, expected, options, tolerance } = one;
    const mask = padded(masked(one), 0);
    expect(mask).toEqual(flat(expected.completion_mask));
    expectNear([mask.reduce((sum, m) => sum + m, 0)], flat(expected.num_items_in_batch), tolerance);
    expect(padded(rowsOf(inputs.completion_ids), options.pad_token_id)).toEqual(flat(expected.completion_ids));
    const rewards = flat(inputs.rewards);
    const size = flat(inputs.group_size)[0]!;
    const groups = Array.from({ length: rewards.length / size }, (_, at) => rewards.slice(at * size, (at + 1) * size));
    const advantages = groupRelative({ scale: "group", epsilon: 1e-4 })({ rewards: groups });
    expectNear(advantages.flat(), flat(expected.advantages), tolerance);
  });

  const sampled = cases.filter(({ options }) => options.vllm_importance_sampling_mode !== null);
  it.each(sampled)("$name: weights of the sampler", async (one) => {
    const { inputs, expected, options, tolerance } = one;
    const mask = padded(masked(one), 0);
    const shape = [rowsOf(inputs.old_logp).length, mask.length / rowsOf(inputs.old_logp).length] as const;
    const sampler = padded(rowsOf(inputs.sampling_logps), 0);
    expectNear(sampler, flat(expected.sampling_per_token_logps), tolerance);
    const correction = correctionOf(options);
    const perToken = (values: readonly number[]) => float64(shape, values);
    const feeds = {
      logProbs: perToken(flat(inputs.old_logp)),
      oldLogProbs: perToken(flat(inputs.old_logp)),
      samplerLogProbs: perToken(sampler),
      advantages: perToken(mask),
      mask: perToken(mask),
      entropy: perToken(mask),
      tokens: float64([], [mask.reduce((sum, m) => sum + m, 0)]),
    };
    const { weights } = await evaluate({ weights: correction.weigh(correctionInputs) }, feeds);
    const bySequence = correction.level === "sequence";
    const ours = numbers(weights).filter((_, at) => !bySequence || at % shape[1] === 0);
    expectNear(ours, flat(expected.importance_sampling_ratio), tolerance);
    if (bySequence) return; // TRL's metrics are then over sequences, ours over their tokens
    const choices = { ratio: "token", clip: clipNone, aggregation: "tokenMean", correction } as const;
    const results = await evaluate(policyLoss({ name: "any", ...choices }).build(lossInputs).metrics, feeds);
    for (const [theirs, name] of Object.entries({
      min: "correction_min",
      mean: "correction_mean",
      max: "correction_max",
    })) {
      const wanted = expected.metrics?.[`sampling/importance_sampling_ratio/${theirs}`];
      expectNear(numbers(results[name]), [wanted!], { rtol: tolerance.metrics_rtol, atol: tolerance.atol });
    }
  });

  skipCases(cases);
});
