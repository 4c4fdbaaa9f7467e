import { describe, expect, it } from "vitest";
import { recentMarks, timeLeft, withMark } from "./time-left.js";

describe("timeLeft", () => {
  it("is not known before a step was made", () => {
    expect(timeLeft([], 10)).toBeUndefined();
    expect(timeLeft([{ step: 3, at: 0 }], 10)).toBeUndefined();
  });

  it("follows the pace of the marks, in seconds", () => {
    const marks = [
      { step: 4, at: 1000 },
      { step: 6, at: 2000 },
    ];
    expect(timeLeft(marks, 10)).toBe(2);
    expect(timeLeft(marks, 6)).toBe(0);
    expect(timeLeft(marks, 0)).toBe(0);
  });

  it("forgets an old pace", () => {
    let marks = withMark([], { step: 0, at: 0 });
    for (let step = 1; step <= recentMarks; step++) marks = withMark(marks, { step, at: 60_000 + 100 * step });
    expect(marks).toHaveLength(recentMarks);
    expect(timeLeft(marks, recentMarks + 10)).toBeCloseTo(1, 9);
  });
});
