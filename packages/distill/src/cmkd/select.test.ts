import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidates, completion, trace } from "../../test/candidates.js";
import { select } from "./select.js";

describe("select", () => {
  it("takes the first of the highest confidence", () => {
    const [low, high, same] = [trace("A", -2), trace("A", -1), trace("B", -1)];
    expect(select()([low, high, same])).toEqual({ trace: high, confidence: -1 });
    expect(select()([])).toBe(null);
  });

  it("lets no NaN win, yet always takes one", () => {
    const texts = ["nan", "one", "nan"].map((text) => completion(text));
    const confidence = ({ text }: { text: string }) => (text === "nan" ? Number.NaN : 1);
    expect(select({ confidence })(texts)?.trace.text).toBe("one");
    expect(select({ confidence: () => Number.NaN })(texts)?.trace).toBe(texts[0]);
  });

  it("shows the confidence all candidates, not only those that are left", () => {
    const all = [trace("A"), trace("B")];
    expect(select({ confidence: (_, group) => group.length })([all[0]!], all)?.confidence).toBe(2);
  });

  it("chooses an element of the set, and none is surer", () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const confidence = ({ logProbs }: { logProbs: readonly number[] }) => logProbs.length;
        const chosen = select({ confidence })(all);
        expect(chosen === null).toBe(all.length === 0);
        if (chosen === null) return;
        expect(all).toContain(chosen.trace);
        expect(Math.max(...all.map((one) => confidence(one)))).toBe(chosen.confidence);
      }),
    );
  });
});
