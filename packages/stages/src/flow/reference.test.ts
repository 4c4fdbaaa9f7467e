import { key, toPromise } from "@msrl/core";
import { grpo } from "@msrl/core/losses";
import { expect, it } from "vitest";
import { policy, promptOf, scriptedStage } from "../../test/scriptedStage.js";
import { withReference } from "./reference.js";

const state = await toPromise(policy.init(key(1)));
const batch = [
  {
    prompt: promptOf("q0"),
    completions: [
      { tokenIds: [0], advantage: 1 },
      { tokenIds: [2], advantage: -1 },
    ],
  },
  { prompt: promptOf("q1"), completions: [] },
];

it("gives each completion its log-probs under the reference", async () => {
  const found = await toPromise(withReference(policy, state, batch));
  expect(found[0]!.completions.map(({ referenceLogProbs }) => referenceLogProbs![0])).toEqual(
    [Math.log(1 / 4), Math.log(1 / 4)].map(Math.fround),
  );
  expect(found.map(({ prompt, completions }) => [prompt.id, completions.length])).toEqual([
    ["q0", 2],
    ["q1", 0],
  ]);
});

it("leaves a batch alone where there is no reference", async () => {
  expect(await toPromise(withReference(policy, undefined, batch))).toBe(batch);
});

it("is part of a stage's batch, replayed groups included", async () => {
  const replay = {
    from: [{ prompt: promptOf("q2"), completions: [{ text: "C", tokenIds: [2] }] }],
    newPerOld: 1,
    weight: 1,
  };
  const context = { policy, state, step: 1, key: key(3), items: [0, 1] };
  const prepare = (more: object) => toPromise(scriptedStage({ ...more } as never).prepare(context));
  const { batch: plain } = await prepare({});
  expect(plain.flatMap(({ completions }) => completions).every((one) => one.referenceLogProbs === undefined)).toBe(
    true,
  );
  const { batch: all } = await prepare({ referenceState: state, replay });
  expect(all.length).toBeGreaterThan(2);
  expect(all.flatMap(({ completions }) => completions).every((one) => one.referenceLogProbs?.length === 1)).toBe(true);
});

it("is wanted by a loss that measures from it", () => {
  expect(() => scriptedStage({ loss: grpo({ beta: 0.04 }) })).toThrow(
    /referenceState is .*loss grpo measures \(beta 0.04\)/,
  );
  expect(() => scriptedStage({ loss: grpo({ beta: 0.04 }), referenceState: state } as never)).not.toThrow();
});
