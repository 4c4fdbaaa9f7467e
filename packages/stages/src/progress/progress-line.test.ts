import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth } from "../report/display-width.js";
import { finalLine, formatBar, formatMetrics, liveLine, type ProgressState, plainLine } from "./progress-line.js";

const state: ProgressState = {
  title: "Text GRPO",
  step: 12,
  total: 60,
  metrics: { accuracy: 0.712, reward: 1.0412, loss: Number.NaN },
  elapsed: 14.2,
  left: 56.4,
};
const shown = [{ name: "accuracy", percent: true }, { name: "reward", label: "R" }, "loss"] as const;

describe("progress lines", () => {
  it("says where a stage is, without what is not a number", () => {
    expect(plainLine(state, shown)).toBe("Text GRPO 12/60 · accuracy 71.2\u00a0% · R 1.04 · 14s · 56s left");
  });

  it("says nothing of time left while it is not known", () => {
    const { left: _, ...unknown } = state;
    expect(plainLine(unknown, [])).toBe("Text GRPO 12/60 · 14s");
    expect(plainLine({ ...state, left: Number.NaN }, [])).toBe("Text GRPO 12/60 · 14s");
  });

  it("draws a bar where there is room, and gives up bar, metrics and text in that order", () => {
    expect(liveLine(state, shown, 120)).toBe(
      "Text GRPO        ━━━━──────────────── 12/60 · accuracy 71.2\u00a0% · R 1.04 · 14s · 56s left",
    );
    expect(liveLine(state, shown, 72)).toBe("Text GRPO        12/60 · accuracy 71.2\u00a0% · R 1.04 · 14s · 56s left");
    expect(liveLine(state, shown, 57)).toBe("Text GRPO        12/60 · accuracy 71.2\u00a0% · 14s · 56s left");
    expect(liveLine(state, shown, 12)).toBe("Text GRPO  …");
  });

  it("ends with a tick, or with how far it came", () => {
    expect(finalLine({ ...state, step: 60 }, shown)).toBe(
      "✓ Text GRPO · 60 steps · accuracy 71.2\u00a0% · R 1.04 · 14s",
    );
    expect(finalLine(state, [], "stopped by Ctrl-C")).toBe("✗ Text GRPO · stopped at 12/60 · 14s · stopped by Ctrl-C");
  });

  it("fits any width, stays on one line and never says NaN", () => {
    const number = fc.double();
    const states = fc.record({
      title: fc.string({ unit: "grapheme" }),
      step: fc.nat(),
      total: fc.nat(),
      metrics: fc.record({ a: number, b: number }),
      elapsed: number,
      left: number,
    });
    fc.assert(
      fc.property(states, fc.integer({ min: 1, max: 200 }), (any, columns) => {
        const live = liveLine(any, ["a", { name: "b", percent: true }], columns);
        expect(displayWidth(live)).toBeLessThanOrEqual(columns);
        const lines = [live, plainLine(any, ["a", "b"]), finalLine(any, ["a", "b"])].map((line) =>
          line.replace(any.title, ""),
        );
        for (const line of lines) expect(line).not.toMatch(/NaN|Infinity|undefined|\p{Cc}/u);
      }),
    );
  });

  it("fills a bar by the share, whatever the share", () => {
    expect(formatBar(0.5, 4)).toBe("━━──");
    expect(formatBar(2, 4)).toBe("━━━━");
    expect(formatBar(Number.NaN, 4)).toBe("────");
  });

  it("leaves out metrics that are not there", () => {
    expect(formatMetrics({ a: 1 }, ["a", "b"])).toEqual(["a 1"]);
  });
});
