import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidates, readVerdict } from "../../../test/candidates.js";
import { promptOf } from "../../../test/written.js";
import { pseudoLabels, voteShare } from "../../index.js";

describe("pseudoLabels", () => {
  it("are sure enough, and swap with A and B", () => {
    const confidence = voteShare(readVerdict);
    fc.assert(
      fc.property(candidates, fc.double({ min: 0, max: 1, noNaN: true }), (completions, threshold) => {
        const label = pseudoLabels({ readVerdict, confidence, threshold });
        const { labelled, dropped } = label([{ prompt: promptOf("s1"), completions }]);
        expect(labelled.length + dropped.length).toBe(1);
        const exchanged = completions.map((each) => ({
          ...each,
          text: each.text.replace(/(?<=<answer>)[AB]/, (letter) => (letter === "A" ? "B" : "A")),
        }));
        const mirror = label([{ prompt: promptOf("s1"), completions: exchanged }]);
        for (const one of labelled) expect(one.confidence).toBeGreaterThanOrEqual(threshold);
        expect(mirror.labelled.map((one) => one.label)).toEqual(labelled.map((one) => (one.label === "A" ? "B" : "A")));
      }),
    );
  });
});
