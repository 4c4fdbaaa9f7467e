import {
  type Advantage,
  decoupledRewards,
  groupRelative,
  klInReward,
  leaveOneOut,
  type RewardScale,
  type ScoredGroups,
  spreadReport,
} from "@msrl/core/advantages";
import { describe, expect, it } from "vitest";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly scale_rewards?: RewardScale;
  readonly multi_objective_aggregation?: "sum_then_normalize" | "normalize_then_sum";
  readonly reward_weights: readonly number[];
  readonly normalize_advantages?: boolean;
  readonly reward_clip_range?: readonly [number, number] | null;
  readonly beta?: number;
}

type Case = GoldenCase<Options>;

/** Consecutive values, `size` a group. */
const grouped = <Value>(values: readonly Value[], size: number): readonly (readonly Value[])[] =>
  Array.from({ length: values.length / size }, (_, g) => values.slice(g * size, (g + 1) * size));

const rows = (numbers: Numbers | undefined): readonly (readonly number[])[] => {
  const values = flat(numbers);
  return grouped(values, shapeOf(numbers)[1]!);
};

/** TRL's total: a weighted sum in which a reward that did not apply counts 0, unless none did; then cut to a range. */
const total = (parts: readonly number[], { reward_weights, reward_clip_range }: Options): number => {
  if (parts.every(Number.isNaN)) return Number.NaN;
  const sum = parts.reduce((all, part, k) => all + (Number.isNaN(part) ? 0 : part * reward_weights[k]!), 0);
  const [low, high] = reward_clip_range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return Math.min(high, Math.max(low, sum));
};

/** Log-probability of the policy over the reference's, a token: TRL's KL in the reward. */
const tokenKl = ({ inputs }: Case, size: number): ScoredGroups["tokenKl"] => {
  if (!inputs.old_logp) return undefined;
  const [old, reference, mask] = [inputs.old_logp, inputs.ref_logp, inputs.completion_mask].map(rows);
  const kl = old!.map((row, i) => row.map((one, t) => one - reference![i]![t]!).filter((_, t) => mask![i]![t] === 1));
  return grouped(kl, size);
};

const scoredOf = (one: Case): ScoredGroups => {
  const size = Number(one.inputs.group_size);
  const rewards = rows(one.inputs.rewards);
  const kl = tokenKl(one, size);
  return {
    rewards: grouped(
      rewards.map((parts) => total(parts, one.options)),
      size,
    ),
    parts: Object.fromEntries(
      rewards[0]!.map((_, k) => [
        `reward ${k}`,
        grouped(
          rewards.map((parts) => parts[k]!),
          size,
        ),
      ]),
    ),
    ...(kl ? { tokenKl: kl } : {}),
  };
};

const estimatorOf = ({ name, options }: Case): Advantage => {
  if (name.startsWith("rloo/")) {
    const advantage = leaveOneOut({ alone: "zero", normalize: options.normalize_advantages ?? false, epsilon: 1e-4 });
    return options.beta ? klInReward({ coefficient: options.beta })(advantage) : advantage;
  }
  if (options.multi_objective_aggregation === "normalize_then_sum")
    return decoupledRewards({
      weights: Object.fromEntries(options.reward_weights.map((weight, k) => [`reward ${k}`, weight])),
    });
  return groupRelative({ scale: options.scale_rewards ?? "group" });
};

/** TRL's share of flat groups is over groups, unless the deviation it divides by is the step's. */
const countsGroups = ({ name, inputs, options }: Case): boolean =>
  Number(inputs.group_size) > 1 &&
  (name.startsWith("rloo/") ||
    (options.scale_rewards !== "batch" && options.multi_objective_aggregation === "sum_then_normalize"));

const cases = goldenCases<Options>("advantages_trl");

describe("advantages equal those of GRPOTrainer and RLOOTrainer of TRL", () => {
  it.each(cases)("$name", (one) => {
    const scored = scoredOf(one);
    const largest = Math.max(...flat(one.inputs.rewards).map((reward) => Math.abs(Number.isNaN(reward) ? 0 : reward)));
    // At rewards of 1e6 the last bit of a mean is above the absolute tolerance of the file.
    const atol = Math.max(one.tolerance.atol, largest * 2 ** -51);
    expectNear(estimatorOf(one)(scored).flat(), flat(one.expected.advantages), { ...one.tolerance, atol });
  });

  it.each(cases.filter((one) => !one.options.reward_clip_range))("metrics of $name", (one) => {
    const report = spreadReport()(scoredOf(one));
    const { reward, reward_std, frac_reward_zero_std } = one.expected.metrics!;
    const near = { rtol: one.tolerance.metrics_rtol, atol: 1e-12 };
    // Of too few rewards there is no deviation: NaN there.
    const measured = [report.reward, report.rewardDeviation].map((value) => value ?? Number.NaN);
    expectNear(
      measured,
      [reward, reward_std].map((value) => value ?? Number.NaN),
      near,
    );
    if (countsGroups(one)) expect(report.flatFraction).toBeCloseTo(frac_reward_zero_std!, 6);
  });

  skipCases(cases);
});
