import { describe, expect, it } from "vitest";
import { emptyReport } from "./empty-report.js";
import { fillPanels } from "./panels.js";
import type { Report } from "./report.js";

const run = (metrics: Readonly<Record<string, number>>, rest: Partial<Report> = {}): Report => ({
  ...emptyReport("run"),
  stages: [{ name: "a", title: "A", kind: "grpo", seconds: 1, summary: {}, steps: [{ step: 1, metrics }] }],
  ...rest,
});

describe("fillPanels", () => {
  it("finds metrics however their words are joined, and drops none", () => {
    const metrics = { reward: 1, "reward/format": 1, gradNorm: 1, clip_fraction: 0, "learning-rate": 1, oddity: 1 };
    const { panels, others } = fillPanels(run(metrics));
    expect(panels.map(({ title, names }) => [title, ...names])).toEqual([
      ["Reward by part", "reward", "reward/format"],
      ["Format rate", "reward/format"],
      ["Clip fraction", "clip_fraction"],
      ["Gradient norm", "gradNorm"],
      ["Learning rate", "learning-rate"],
    ]);
    expect(others.map(({ title }) => title)).toEqual(["oddity"]);
  });

  it("takes the report's own panels", () => {
    const { panels, others } = fillPanels(run({ a: 1, b: 2 }, { panels: [{ title: "Mine", metrics: ["b"] }] }));
    expect(panels.map(({ names }) => names)).toEqual([["b"]]);
    expect(others.map(({ names }) => names)).toEqual([["a"]]);
  });
});
