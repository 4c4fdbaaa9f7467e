import { describe, expect, it } from "vitest";
import { accuracyTable, comparisonTable, evaluationTable } from "./accuracy-table.js";
import { emptyReport } from "./empty-report.js";
import type { Evaluation, Report } from "./report.js";

const evaluation = (after: string, name: string, accuracy: number, rest: Partial<Evaluation> = {}): Evaluation => ({
  after,
  name,
  accuracy,
  count: 100,
  byTask: {},
  extra: {},
  ...rest,
});

const tasks = (image: number, video: number) => ({
  image_generation: { accuracy: image, count: 50 },
  video_generation: { accuracy: video, count: 50 },
});

const report: Report = {
  ...emptyReport("run"),
  stages: [{ name: "sft", title: "SFT cold start", kind: "sft", seconds: 1, summary: {}, steps: [] }],
  evaluations: [
    evaluation("base", "seen", 0.5, { byTask: tasks(0.4, 0.6), extra: { exact: 0.25, length: 12 } }),
    evaluation("base", "text", 0.6, { byTask: tasks(0.1, 0.2) }),
    evaluation("sft", "seen", 0.75, { byTask: tasks(0.7, 0.8), extra: { exact: 0.5, length: 0.5 } }),
  ],
  comparisons: [
    { label: "this run", accuracy: 0.865, standardError: 0.009 },
    { label: "other", accuracy: 0.7, note: "once" },
  ],
};

describe("evaluationTable", () => {
  it("has a row a point of the run, the first set by task, the others in total", () => {
    expect(evaluationTable(report)).toEqual({
      columns: ["after", "seen", "image generation", "video generation", "exact", "length", "text"],
      rows: [
        ["base", "50.0\u00a0%", "40.0\u00a0%", "60.0\u00a0%", "25.0\u00a0%", "12", "60.0\u00a0%"],
        ["SFT cold start", "75.0\u00a0%", "70.0\u00a0%", "80.0\u00a0%", "50.0\u00a0%", "0.5", ""],
      ],
    });
  });

  it("shows one set alone", () => {
    expect(evaluationTable(report, "text").columns).toEqual(["after", "text", "image generation", "video generation"]);
  });

  it("gives accuracies their binomial standard error", () => {
    expect(accuracyTable(report).rows[0]!.cells[0]!.standardError).toBeCloseTo(0.05, 12);
  });
});

describe("comparisonTable", () => {
  it("gives the error where it is known", () => {
    expect(comparisonTable(report).rows).toEqual([
      ["this run", "86.5 ± 0.9\u00a0%", ""],
      ["other", "70.0\u00a0%", "once"],
    ]);
  });
});
