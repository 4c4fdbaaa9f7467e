import { describe, expect, it } from "vitest";
import { textConfig } from "../../../test/tinyDecoder.js";
import { groupsInScore, mostTokens, promptsInRollout, tokensInUpdate } from "./runSizes.js";

/** 135 million parameters. */
const large = {
  ...textConfig,
  hiddenSize: 576,
  intermediateSize: 1536,
  layers: 30,
  heads: 9,
  keyValueHeads: 3,
  headSize: 64,
};

describe("what goes into one run", () => {
  it("is as much as is asked for, of a small model", () => {
    expect(tokensInUpdate(textConfig, false)).toBe(mostTokens);
    expect(8 * promptsInRollout(textConfig, { samples: 8, prefix: 144, steps: 1 }, 64)).toBeGreaterThan(256);
    expect(8 * groupsInScore(textConfig, { samples: 8, prefix: 144, steps: 64 })).toBeGreaterThan(256);
  });

  it("is less of a large one, the longer the less, and more where layers are recomputed", () => {
    expect([false, true].map((recompute) => tokensInUpdate(large, recompute))).toEqual([1194, 8630]);
    const shape = { samples: 8, prefix: 144, steps: 1 };
    expect([64, 256, 100_000].map((tokens) => promptsInRollout(large, shape, tokens))).toEqual([9, 2, 1]);
    expect(promptsInRollout(large, { samples: 1, prefix: 320, steps: 1 }, 16)).toBe(24);
    expect(groupsInScore(large, { samples: 1, prefix: 8, steps: 208 })).toBe(65);
  });
});
