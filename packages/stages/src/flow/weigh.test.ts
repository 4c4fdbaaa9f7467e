import type { Completion } from "@msrl/core";
import { decoupledRewards, generalisedAdvantage, groupRelative } from "@msrl/core/advantages";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import type { ScoredRollout } from "./score.js";
import { weighRollouts } from "./weigh.js";

const completion = (tokenIds: readonly number[]): Completion => ({
  text: "",
  tokenIds,
  logProbs: tokenIds.map(() => -1),
  truncated: false,
});

const rollout = (id: string, accuracies: readonly number[], lengths: readonly (number | null)[]): ScoredRollout => ({
  prompt: { id, messages: [] },
  completions: accuracies.map((_, at) => completion([at, 7])),
  scores: accuracies.map((accuracy, at) => ({
    value: accuracy + (lengths[at] ?? 0),
    parts: { accuracy, length: lengths[at] ?? null },
  })),
});

const scored = [rollout("p", [1, 0], [4, 2]), rollout("q", [0, 1], [null, 3])];

const weighed = (advantage: Parameters<typeof weighRollouts>[0]) => {
  const batch = weighRollouts(advantage)(scored);
  if (E.isLeft(batch)) throw batch.left;
  return batch.right;
};

describe("weighRollouts", () => {
  it("gives each completion its advantage and the log-probs it was drawn with", () => {
    expect(weighed(groupRelative({ scale: "none" }))).toEqual([
      {
        prompt: { id: "p", messages: [] },
        completions: [
          { tokenIds: [0, 7], oldLogProbs: [-1, -1], advantage: 1.5 },
          { tokenIds: [1, 7], oldLogProbs: [-1, -1], advantage: -1.5 },
        ],
      },
      {
        prompt: { id: "q", messages: [] },
        completions: [
          { tokenIds: [0, 7], oldLogProbs: [-1, -1], advantage: -2 },
          { tokenIds: [1, 7], oldLogProbs: [-1, -1], advantage: 2 },
        ],
      },
    ]);
  });

  it("shows the parts of the reward to estimators that normalise each", () => {
    const accuracyOnly = weighed(decoupledRewards({ weights: { accuracy: 1 } }));
    const signs = accuracyOnly.map(({ completions }) =>
      completions.map(({ advantage }) => Math.sign(Number(advantage))),
    );
    expect(signs).toEqual([
      [1, -1],
      [-1, 1],
    ]);
  });

  it("masks completions that were cut off, where it is told to", () => {
    const cut = scored.map((one) => ({
      ...one,
      completions: one.completions.map((each, at) => ({ ...each, truncated: at === 1 })),
    }));
    const masks = (maskTruncated: boolean) => {
      const batch = weighRollouts(groupRelative(), { maskTruncated })(cut);
      return E.isLeft(batch) ? batch : batch.right.map(({ completions }) => completions.map(({ mask }) => mask));
    };
    expect(masks(true)).toEqual([
      [undefined, [0, 0]],
      [undefined, [0, 0]],
    ]);
    expect(masks(false)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("says what an estimator misses", () => {
    const wantsValues = weighRollouts(generalisedAdvantage())(scored);
    expect(E.isLeft(wantsValues) && wantsValues.left._tag).toBe("AdvantageError");
    expect(E.isLeft(wantsValues) && wantsValues.left.message).toMatch(/values/);
  });
});
