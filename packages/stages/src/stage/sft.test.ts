import { key, toPromise } from "@msrl/core";
import { crossEntropy } from "@msrl/core/losses";
import { adamw } from "@msrl/core/optim";
import { describe, expect, it } from "vitest";
import { scriptedPolicy } from "../../test/scriptedPolicy.js";
import { sftStage } from "./sft.js";

describe("sftStage", () => {
  it("gives each completion its example's weight, 1 where there is none", async () => {
    const policy = scriptedPolicy({ q1: ["yes", "no"] });
    const prompt = { id: "q1", messages: [] };
    const stage = sftStage({
      name: "weighted",
      examples: [
        { prompt, completion: "yes" },
        { prompt, completion: "no", weight: 0.25 },
      ],
      steps: 1,
      batchSize: 2,
      loss: crossEntropy(),
      optimizer: { transform: adamw({ learningRate: 1e-3 }) },
    });
    const state = await toPromise(policy.init(key(1)));
    const { batch } = await toPromise(stage.prepare({ policy, state, step: 0, key: key(1), items: [0, 1] }));
    expect(batch.map(({ completions }) => completions[0]!.advantage)).toEqual([1, 0.25]);
  });
});
