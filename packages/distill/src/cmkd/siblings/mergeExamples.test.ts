import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { promptOf } from "../../../test/written.js";
import { mergeExamples } from "../../index.js";

describe("mergeExamples", () => {
  it("has one example a prompt, the newest, and merging again changes nothing", () => {
    const set = fc.array(fc.record({ prompt: fc.nat(5).map((id) => promptOf(`s${id}`)), completion: fc.string() }));
    fc.assert(
      fc.property(set, set, (held, added) => {
        const merged = mergeExamples(held, added);
        const ids = merged.map(({ prompt }) => prompt.id);
        expect(new Set(ids)).toEqual(new Set([...held, ...added].map(({ prompt }) => prompt.id)));
        expect(new Set(ids).size).toBe(ids.length);
        for (const one of added.slice(-1)) expect(merged).toContain(one);
        expect(mergeExamples(merged, added)).toEqual(merged);
      }),
    );
  });
});
