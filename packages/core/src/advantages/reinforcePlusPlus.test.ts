import { describe, expect, it } from "vitest";
import { expectClose, numbersOf } from "../../test/scoredGroups.js";
import { dropOutliers } from "./dropOutliers.js";
import { reinforcePlusPlus } from "./reinforcePlusPlus.js";

/** Returns of single completions, last token first, then whitened over all tokens. */
const naive = (rewards: readonly number[], kl: readonly (readonly number[])[], beta: number, discount: number) => {
  const returns = kl.map((row, at) => {
    const own = row.map((one, t) => (t === row.length - 1 ? rewards[at]! : 0) - beta * one);
    for (let t = row.length - 2; t >= 0; t--) own[t]! += discount * own[t + 1]!;
    return own;
  });
  const all = returns.flat();
  const center = all.reduce((a, b) => a + b) / all.length;
  const variance = all.reduce((sum, one) => sum + (one - center) ** 2, 0) / (all.length - 1);
  return all.map((one) => (one - center) / Math.sqrt(variance + 1e-8));
};

describe("reinforcePlusPlus", () => {
  it("equals the naive loop, with one sample a prompt", () => {
    const [rewards, kl] = [
      [1, 0, -2],
      [[0.5, 0.25], [1], [0, 0.125, 0.5]],
    ] as const;
    const scored = { rewards: rewards.map((reward) => [reward]), tokenKl: kl.map((row) => [row]) };
    const advantages = reinforcePlusPlus({ klCoefficient: 0.5, discount: 0.9 })(scored);
    expectClose(numbersOf(advantages), naive(rewards, kl, 0.5, 0.9));
  });

  it("has z = -sqrt(255) for one odd reward of 256, which StableReinforce's filter drops", () => {
    const rewards = Array.from({ length: 256 }, (_, at) => [at === 0 ? 0 : 1]);
    const scored = { rewards, lengths: rewards.map(() => [1]) };
    const advantage = reinforcePlusPlus({ correction: 0, varianceEpsilon: 0 });
    expectClose(numbersOf(advantage(scored)).slice(0, 2), [-Math.sqrt(255), 1 / Math.sqrt(255)]);
    expectClose(numbersOf(dropOutliers({ limit: 3 })(advantage)(scored)).slice(0, 2), [0, 1 / Math.sqrt(255)]);
  });

  it("names an option that is wrong, of its returns and of its whitening", () => {
    expect(() => reinforcePlusPlus({ discount: -1, epsilon: -1 })).toThrow(
      /reinforcePlusPlus: discount is -1, .*\nreinforcePlusPlus: epsilon is -1/,
    );
    expect(() => reinforcePlusPlus()({ rewards: [[1]] })).toThrow(/reinforcePlusPlus: lengths is not given/);
  });
});
