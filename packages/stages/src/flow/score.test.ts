import { type Completion, type CompletionBatch, type Rollout, type ScoredReward, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import * as TE from "fp-ts/TaskEither";
import { expect, it } from "vitest";
import { rolloutMetrics } from "./rolloutMetrics.js";
import { scoreRollouts } from "./score.js";
import { weighRollouts } from "./weigh.js";

const completion = (text: string, tokens = 1, truncated = false): Completion => ({
  text,
  tokenIds: Array.from({ length: tokens }, (_, at) => at),
  logProbs: Array.from({ length: tokens }, (_, at) => -at),
  truncated,
});

const rollouts: readonly Rollout[] = [
  { prompt: { id: "q0", messages: [] }, completions: [completion("1"), completion("3", 2)] },
  { prompt: { id: "q1", messages: [] }, completions: [completion("7", 3, true)] },
  { prompt: { id: "q2", messages: [] }, completions: [completion("none"), completion("2"), completion("4")] },
];
const questions = rollouts.map(({ prompt }, at) => ({ prompt, reference: 10 * at }));

/** The number that a completion says, `null` if it says none; a part that only long completions have. */
const said: ScoredReward<number> = (batch) =>
  TE.right(
    batch.map(({ completion: { text, tokenIds } }) => {
      const value = text === "none" ? null : Number(text);
      return { value, parts: { long: tokenIds.length > 1 ? 0.5 : null, never: null } };
    }),
  );

it("asks the reward once, for each completion with its own reference, and hands the scores back in their groups", async () => {
  const asked: CompletionBatch<number>[] = [];
  const reward: ScoredReward<number> = (batch) => {
    asked.push(batch);
    return said(batch);
  };
  const scored = await toPromise(scoreRollouts(reward)(questions, rollouts));
  expect(asked).toHaveLength(1);
  expect(asked[0]!.map(({ prompt, reference }) => [prompt.id, reference])).toEqual([
    ["q0", 0],
    ["q0", 0],
    ["q1", 10],
    ["q2", 20],
    ["q2", 20],
    ["q2", 20],
  ]);
  expect(scored.map(({ scores }) => scores.map(({ value }) => value))).toEqual([[1, 3], [7], [null, 2, 4]]);
});

it("weighs each completion against its group; null weighs nothing", async () => {
  const scored = await toPromise(scoreRollouts(said)(questions, rollouts));
  const batch = await toPromise(TE.fromEither(weighRollouts(groupRelative({ scale: "none" }))(scored)));
  expect(batch.map(({ completions }) => completions.map(({ advantage }) => advantage))).toEqual([
    [-1, 1],
    [0],
    [0, -1, 1],
  ]);
  expect(batch[0]!.completions[1]).toEqual({ tokenIds: [0, 1], oldLogProbs: [-0, -1], advantage: 1 });
  expect(batch.map(({ prompt }) => prompt.id)).toEqual(["q0", "q1", "q2"]);
});

it("gives an advantage the lengths of the completions", async () => {
  const scored = await toPromise(scoreRollouts(said)(questions, rollouts));
  const batch = await toPromise(TE.fromEither(weighRollouts(({ lengths }) => lengths!)(scored)));
  expect(batch.map(({ completions }) => completions.map(({ advantage }) => advantage))).toEqual([
    [1, 2],
    [3],
    [1, 1, 1],
  ]);
});

it("measures rewards over the completions that have them", async () => {
  const scored = await toPromise(scoreRollouts(said)(questions, rollouts));
  expect(rolloutMetrics(scored)).toEqual({
    reward: 17 / 5,
    "reward/long": 0.5,
    completion_length: 9 / 6,
    truncated: 1 / 6,
    zero_variance: 1 / 3,
  });
});

it("tells the reward the step, and counts what each part could not judge", async () => {
  const steps: (number | undefined)[] = [];
  const reward: ScoredReward<number> = (batch, context) => {
    steps.push(context?.step);
    return TE.right(
      batch.map(({ completion: { text } }) => ({
        value: 0,
        parts: { judge: null },
        ...(text === "none" && { failures: { judge: "no server" } }),
      })),
    );
  };
  const scored = await toPromise(scoreRollouts(reward)(questions, rollouts, { step: 7 }));
  expect(steps).toEqual([7]);
  expect(rolloutMetrics(scored)).toMatchObject({ "failed/judge": 1 });
});
