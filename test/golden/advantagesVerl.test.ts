import {
  type Advantage,
  decoupledRewards,
  generalisedAdvantage,
  gpg,
  groupRelative,
  leaveOneOut,
  opo,
  optimalTokenBaseline,
  passAtK,
  reinforcePlusPlus,
  reinforcePlusPlusBaseline,
  remax,
  type ScoredGroups,
  tokenReturns,
  whiten,
} from "@msrl/core/advantages";
import { describe, it } from "vitest";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly epsilon?: number;
  readonly norm_adv_by_std_in_grpo?: boolean;
  readonly gamma?: number;
  readonly lambda?: number;
  readonly weights?: readonly number[] | null;
  readonly kl_ratio?: number;
  readonly handle_zero_tail?: boolean;
}

type Case = GoldenCase<Options>;
type Rows = readonly (readonly number[])[];

const rows = (numbers: Numbers | undefined): Rows => {
  const [count, width] = shapeOf(numbers);
  const values = flat(numbers);
  return Array.from({ length: count! }, (_, i) => values.slice(i * width!, (i + 1) * width!));
};

/** Rows by prompt: those of a prompt in order, prompts in the order of their first row. */
const groupsOf = ({ inputs }: Case): readonly (readonly number[])[] => {
  const prompts = flat(inputs.index);
  const distinct = [...new Set(prompts)];
  return distinct.map((prompt) => prompts.flatMap((other, row) => (other === prompt ? [row] : [])));
};

const kindOf = ({ name }: Case): string => name.split("/")[0]!;

/** Whether the estimator reads rewards token by token; the others read their sum. */
const readsTokens = (one: Case): boolean =>
  ["remax", "reinforce_plus_plus", "gae", "rewards_with_kl", "optimal_token_baseline"].includes(kindOf(one));

/** verl's arrays as groups: padding cut off, which its masks keep for tokens in the middle that a tool wrote. */
const scoredOf = (one: Case, groups: readonly (readonly number[])[]): ScoredGroups => {
  const { inputs } = one;
  const mask = rows(inputs.response_mask);
  const length = (row: number): number => mask[row]!.lastIndexOf(1) + 1;
  const byRow = <Value>(of: (row: number) => Value) => groups.map((group) => group.map(of));
  const cut = (values: Rows) => byRow((row) => values[row]!.slice(0, length(row)));
  const tokens = inputs.token_level_rewards ? rows(inputs.token_level_rewards) : undefined;
  const parts = inputs.rewards ? rows(inputs.rewards) : undefined;
  const [old, reference] = [inputs.old_log_prob, inputs.ref_log_prob].map((values) => (values ? rows(values) : []));
  const sum = (row: number): number => tokens?.[row]?.reduce((all, reward) => all + reward, 0) ?? 0;
  return {
    rewards: byRow((row) => (readsTokens(one) ? 0 : sum(row))),
    lengths: byRow(length),
    tokenMask: cut(mask),
    ...(readsTokens(one) ? { tokenRewards: cut(tokens!) } : {}),
    ...(inputs.values ? { values: cut(rows(inputs.values)) } : {}),
    ...(inputs.ref_log_prob ? { tokenKl: cut(old!.map((row, i) => row.map((p, t) => p - reference![i]![t]!))) } : {}),
    ...(inputs.old_log_probs ? { tokenLogProbs: cut(rows(inputs.old_log_probs)) } : {}),
    ...(inputs.sum_pi_squared ? { tokenCollisions: cut(rows(inputs.sum_pi_squared)) } : {}),
    ...(inputs.rollout_is_weights ? { samplerRatios: cut(rows(inputs.rollout_is_weights)) } : {}),
    ...(inputs.reward_baselines ? { greedyRewards: groups.map(([row]) => flat(inputs.reward_baselines)[row!]!) } : {}),
    ...(parts ? { parts: { fmt: byRow((row) => parts[row]![0]!), acc: byRow((row) => parts[row]![1]!) } } : {}),
  };
};

type Estimator = Advantage | Advantage<readonly number[]>;

/** verl's name of an estimator to ours. */
const estimators: Readonly<Record<string, (options: Options) => Estimator>> = {
  grpo: ({ norm_adv_by_std_in_grpo, epsilon }) =>
    groupRelative({ scale: norm_adv_by_std_in_grpo ? "group" : "none", epsilon: epsilon! }),
  rloo: () => leaveOneOut({ alone: "reward" }),
  rloo_vectorized: () => leaveOneOut({ alone: "zero" }),
  optimal_token_baseline: ({ handle_zero_tail, epsilon }) =>
    optimalTokenBaseline({ zeroTail: handle_zero_tail!, epsilon: epsilon!, alone: "reward" }),
  opo: () => opo({ alone: "reward" }),
  gpg: () => gpg({ correction: "rewards", alone: "reward" }),
  grpo_passk: ({ norm_adv_by_std_in_grpo, epsilon }) =>
    passAtK({ scale: norm_adv_by_std_in_grpo ? "group" : "none", epsilon: epsilon! }),
  remax: () => remax({ by: "token" }),
  reinforce_plus_plus: ({ gamma }) => reinforcePlusPlus({ discount: gamma! }),
  reinforce_plus_plus_baseline: () => reinforcePlusPlusBaseline({ alone: "reward" }),
  gae: ({ gamma, lambda }) => whiten({ by: "token" })(generalisedAdvantage({ discount: gamma!, trace: lambda! })),
  gdpo: ({ weights, epsilon }) =>
    decoupledRewards({
      weights: { fmt: weights?.[0] ?? 1, acc: weights?.[1] ?? 1 },
      partEpsilon: epsilon!,
      alone: "reward",
      by: "token",
      varianceEpsilon: 1e-8,
      epsilon: 0,
    }),
  // A reward's own token only: the return at discount 0.
  rewards_with_kl: ({ kl_ratio }) => tokenReturns({ discount: 0, klCoefficient: kl_ratio! }),
};

const estimatorOf = (one: Case): Estimator =>
  estimators[kindOf(one).replace(/^grpo_vectorized$/, "grpo")]!(one.options);

const reason = (one: Case): string | undefined => {
  if (kindOf(one) === "adaptive_kl_controller") return "a controller of the KL coefficient: kl.test.ts runs it";
  return kindOf(one).replace(/^grpo_vectorized$/, "grpo") in estimators ? undefined : "an estimator that is not here";
};

/** What verl gives at the tokens that its mask keeps, by completion. */
const wanted = ({ inputs }: Case, numbers: Numbers | undefined, groups: readonly (readonly number[])[]) => {
  const mask = rows(inputs.response_mask);
  const values = rows(numbers);
  return groups.flatMap((group) => group.map((row) => values[row]!.filter((_, t) => mask[row]![t] === 1)));
};

/** What an estimator gives there. */
const given = ({ inputs }: Case, result: ReturnType<Estimator>, groups: readonly (readonly number[])[]) => {
  const mask = rows(inputs.response_mask);
  return groups.flatMap((group, g) =>
    group.map((row, i) => {
      const value = result[g]![i]!;
      return mask[row]!.flatMap((own, t) => (own === 1 ? [typeof value === "number" ? value : value[t]!] : []));
    }),
  );
};

/** verl's whitening divides by n + 1e-8 tokens, which moves its mean, some deviations from 0, by 1e-8 / n of itself. */
const tolerance = (one: Case) => {
  const whitens = ["reinforce_plus_plus", "reinforce_plus_plus_baseline", "gae", "gdpo"].includes(kindOf(one));
  return { ...one.tolerance, atol: Math.max(one.tolerance.atol, whitens ? 1e-8 : 0) };
};

const cases = goldenCases<Options>("advantages_verl");
const run = cases.filter((one) => reason(one) === undefined);

describe("advantages equal those of verl", () => {
  it.each(run)("$name", (one) => {
    // A greedy reward a row there, a group here.
    const groups =
      one.inputs.index && kindOf(one) !== "remax"
        ? groupsOf(one)
        : rows(one.inputs.response_mask).map((_, row) => [row]);
    const actual = given(one, estimatorOf(one)(scoredOf(one, groups)), groups);
    const expected = wanted(one, one.expected.advantages ?? one.expected.token_level_rewards, groups);
    // A group of one: verl leaves its reward, groupRelative (as TRL) gives 0.
    const sizes = groups.flatMap((group) => group.map(() => group.length));
    const compared = (_: unknown, at: number): boolean => !kindOf(one).startsWith("grpo") || sizes[at]! > 1;
    expectNear(actual.filter(compared).flat(), expected.filter(compared).flat(), tolerance(one));
    for (const [at, row] of actual.entries())
      if (!compared(row, at))
        expectNear(
          row,
          row.map(() => 0),
          { rtol: 0, atol: 0 },
        );
  });

  it.each(run.filter(({ expected }) => expected.returns))("returns of $name", (one) => {
    const groups = rows(one.inputs.response_mask).map((_, row) => [row]);
    const scored = scoredOf(one, groups);
    const { gamma = 1, lambda = 1 } = one.options;
    const advantage =
      kindOf(one) === "gae"
        ? generalisedAdvantage({ discount: gamma, trace: lambda })
        : tokenReturns({ discount: gamma });
    const values = kindOf(one) === "gae" ? scored.values : undefined;
    const returns = advantage(scored).map((group, g) =>
      group.map((row, i) => row.map((value, t) => value + (values?.[g]?.[i]?.[t] ?? 0))),
    );
    expectNear(given(one, returns, groups).flat(), wanted(one, one.expected.returns, groups).flat(), one.tolerance);
  });

  skipCases(cases, reason);
});
