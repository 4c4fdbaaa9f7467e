import { describe, expect, it } from "vitest";
import type { TrainingCompletion } from "../../policy/policy.js";
import { countBatch, trainingArrays } from "./trainingArrays.js";

const prompt = { id: "p", messages: [] };
const shape = { samples: 1, prefix: 1, steps: 3, patches: 0 };
const samplerOf = (given: Partial<TrainingCompletion>): readonly number[] => {
  const batch = [{ prompt, completions: [{ tokenIds: [5, 6], advantage: 1, ...given }] }];
  return Array.from(trainingArrays(shape, batch, countBatch(batch)).sampler_log_probs!.data as Float32Array);
};

describe("the sampler's log-probs of a batch", () => {
  it("are its own where it gave any, with NaN where it could not", () => {
    expect(samplerOf({ samplerLogProbs: [-1, Number.NaN], oldLogProbs: [-3, -4] })).toEqual([-1, Number.NaN, 0]);
  });

  it("are the old policy's where it gave none", () => {
    expect(samplerOf({ oldLogProbs: [-3, -4] })).toEqual([-3, -4, 0]);
  });

  it("are no evidence where the policy that is updated drew the tokens", () => {
    expect(samplerOf({})).toEqual([Number.NaN, Number.NaN, 0]);
  });
});
