import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignTokens, type ByteSpan } from "./alignTokens.js";
import { groupTensors } from "./groupTensors.js";

/** Spans of tokens of the widths given, one behind the other. */
const spansOf = (widths: readonly number[]): readonly ByteSpan[] =>
  widths.map((width, at) => {
    const start = widths.slice(0, at).reduce((a, b) => a + b, 0);
    return [start, start + width];
  });

/** A text of that many bytes, cut at some of them. */
const cuts = (bytes: number) =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: bytes - 1 }), { maxLength: bytes })
    .map((places) => [...places, bytes].sort((a, b) => a - b))
    .map((ends) => ends.map((end, at) => end - (ends[at - 1] ?? 0)));

const texts = fc.integer({ min: 2, max: 12 }).chain((bytes) => fc.tuple(cuts(bytes), cuts(bytes)));

describe("alignTokens", () => {
  it("has every token once, in order, in groups that end at the common ends and nowhere between", () => {
    fc.assert(
      fc.property(texts, ([a, b]) => {
        const [student, teacher] = [spansOf(a), spansOf(b)];
        const groups = alignTokens()(student, teacher);
        expect(groups.flatMap((group) => group.student)).toEqual(a.map((_, at) => at));
        expect(groups.flatMap((group) => group.teacher)).toEqual(b.map((_, at) => at));
        const ends = (spans: readonly ByteSpan[]) => spans.map(([, end]) => end);
        const common = ends(student).filter((end) => ends(teacher).includes(end));
        expect(groups.map((group) => student[group.student.at(-1)!]![1])).toEqual(common);
        expect(alignTokens()(teacher, student)).toEqual(
          groups.map((group) => ({ student: group.teacher, teacher: group.student })),
        );
      }),
    );
  });

  it("makes what is behind the last common end a group of its own, or drops it", () => {
    const [student, teacher] = [spansOf([2, 2]), spansOf([2, 1])];
    expect(alignTokens()(student, teacher)).toEqual([
      { student: [0], teacher: [0] },
      { student: [1], teacher: [1] },
    ]);
    expect(alignTokens({ rest: "drop" })(student, teacher)).toEqual([{ student: [0], teacher: [0] }]);
    expect(alignTokens()([], [])).toEqual([]);
    expect(() => alignTokens({ rest: "keep" as "drop" })).toThrow(/rest is "keep", wanted group \| drop/);
  });
});

describe("groupTensors", () => {
  const rows = [
    [
      { student: [1, 2], teacher: [0] },
      { student: [3], teacher: [1, 2, 3] },
    ],
    [
      { student: [], teacher: [0] },
      { student: [0], teacher: [] },
    ],
  ];

  it("marks base and others of each group; one without a side is none", () => {
    const tensors = groupTensors({ base: "first" })(rows, { student: 4, teacher: 4 });
    expect(tensors.studentBase?.shape).toEqual([2, 2, 4]);
    const none = Array(8).fill(0);
    expect([...tensors.studentBase!.data]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, ...none]);
    expect([...tensors.studentOthers!.data]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, ...none]);
    expect([...tensors.teacherBase!.data]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, ...none]);
    expect([...tensors.teacherOthers!.data]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, ...none]);
    expect([tensors.groups?.shape, [...tensors.groups!.data]]).toEqual([
      [2, 2],
      [1, 1, 0, 0],
    ]);
    const last = groupTensors({ base: "last", dtype: "float64" })(rows, { student: 4, teacher: 4 });
    expect([...last.teacherBase!.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 1, ...none]);
    expect(last.groups?.dtype).toBe("float64");
  });

  it("has no group where there is none, and names an option that cannot be", () => {
    expect(groupTensors()([[]], { student: 1, teacher: 1 }).groups?.shape).toEqual([1, 0]);
    expect(() => groupTensors({ base: "middle" as "last" })).toThrow(/base is "middle"/);
  });
});
