import type { Label } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidates, completion, hasFormat, readVerdict, trace } from "../../test/candidates.js";
import { filter } from "./filter.js";

const keep = filter({ hasFormat, readVerdict });

describe("filter", () => {
  it("drops what is malformed, then what disagrees", () => {
    const [good, wrong, bad] = [trace("A", -1), trace("B", -1), completion("<answer>A</answer>", -1)];
    expect(keep([bad, good, wrong], "A")).toEqual({ kept: [good], malformed: 1, disagreeing: 1 });
  });

  it("lets through exactly what the format check accepts and agrees, in order, and counts the rest once", () => {
    fc.assert(
      fc.property(candidates, fc.constantFrom<Label>("A", "B"), (all, label) => {
        const { kept, malformed, disagreeing } = keep(all, label);
        expect(kept).toEqual(all.filter(({ text }) => hasFormat(text) && readVerdict(text) === label));
        expect(kept.length + malformed + disagreeing).toBe(all.length);
      }),
    );
  });
});
