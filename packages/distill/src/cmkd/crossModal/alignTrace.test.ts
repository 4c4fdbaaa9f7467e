import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignTrace } from "../../index.js";

describe("alignTrace", () => {
  it("finds every token of the trace, and none of the block put into it", () => {
    const ids = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });
    fc.assert(
      fc.property(ids, ids, ids, (before, block, after) => {
        const marked = block.map((id) => id + 100);
        const places = alignTrace([...before, ...marked, ...after], [...before, ...after]);
        expect(places).toEqual([
          ...before.map((_, at) => at),
          ...marked.map(() => null),
          ...after.map((_, at) => before.length + at),
        ]);
      }),
    );
  });

  it("gives each token at most one place, of the same token", () => {
    const ids = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(ids, ids, (student, teacher) => {
        const places = alignTrace(student, teacher);
        const taken = places.filter((place) => place !== null);
        expect(new Set(taken).size).toBe(taken.length);
        places.forEach((place, at) => {
          if (place !== null) expect(teacher[place]).toBe(student[at]);
        });
      }),
    );
  });
});
