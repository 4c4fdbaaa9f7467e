import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { distillationGradient } from "./distillationGradient.js";
import { forwardKl } from "./forwardKl.js";

const { device } = testDevice();

describe("a teacher's tokens in plain arrays", () => {
  it("takes lists of teacher tokens that are filled up with what is no token, and names a word that is none", async () => {
    const gradientOf = distillationGradient(forwardKl({ teacher: "tokens" }), await device());
    const logits = { batch: 1, time: 2, vocabulary: 4, studentLogits: [0, 1, 2, 3, 0, 0, 0, 0] };
    const known = [Math.log(0.5), Math.log(0.25)];
    const whole = await gradientOf({
      ...logits,
      mask: [1, 0],
      choices: 2,
      teacherTokens: [2, 1, 0, 0],
      teacherLogProbs: [...known, -1, -1],
    });
    for (const [filling, masked] of [
      [-100, 1e9],
      [99, -1],
      [Number.NaN, 0.5],
    ] as const) {
      const teacherTokens = [filling, 2, 1, masked, masked, masked];
      const teacherLogProbs = [Number.NaN, ...known, -1, Number.NaN, -1];
      const filled = await gradientOf({ ...logits, mask: [1, 0], choices: 3, teacherTokens, teacherLogProbs });
      expect(filled).toEqual(whole);
    }
    for (const word of [-1, 4, 1.5, Number.NaN])
      await expect(
        gradientOf({ ...logits, choices: 1, teacherTokens: [0, word], teacherLogProbs: [-1, -1] }),
      ).rejects.toThrow(`teacherTokens: ${word} at [0, 1, 0] given, a whole number of at least 0 and below 4 wanted`);
  });
});
