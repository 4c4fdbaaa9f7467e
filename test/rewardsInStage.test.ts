import { toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { accuracy, perCompletion, weightedSum } from "@msrl/rewards";
import * as E from "fp-ts/Either";
import { expect, it } from "vitest";
import { rolloutMetrics } from "../packages/stages/src/flow/rolloutMetrics.js";
import { scoreRollouts } from "../packages/stages/src/flow/score.js";
import { weighRollouts } from "../packages/stages/src/flow/weigh.js";

const completion = (text: string) => ({ text, tokenIds: [1], logProbs: [0], truncated: false });
const rollouts = [
  {
    prompt: { id: "q1", messages: [] },
    completions: ["<answer>A</answer>", "<answer>B</answer>", "broken"].map(completion),
  },
];
const questions = [{ prompt: rollouts[0]!.prompt, reference: { label: "A" as const } }];

it("a completion that failed stays in its group with advantage 0; a part of weight 0 is a metric of the report", async () => {
  const judged = perCompletion("judged", (text, { label }: { label: "A" }) => {
    if (text === "broken") throw new Error("no server");
    return text.includes(label) ? 1 : 0;
  });
  const reward = weightedSum({
    judged: { reward: judged, weight: 1, onFailure: "null" },
    accuracy: { reward: accuracy(), weight: 0 },
  });
  const scored = await toPromise(scoreRollouts(reward)(questions, rollouts));
  expect(rolloutMetrics(scored)).toMatchObject({
    reward: 0.5,
    "reward/judged": 0.5,
    "reward/accuracy": 1 / 3,
    "failed/judged": 1,
  });
  const weighed = weighRollouts(groupRelative({ scale: "none" }))(scored);
  expect(E.isRight(weighed) && weighed.right[0]!.completions.map(({ advantage }) => advantage)).toEqual([0.5, -0.5, 0]);
});
