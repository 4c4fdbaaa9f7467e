import { describe, expect, it } from "vitest";
import type { CmkdComparison } from "./compareCmkd.js";
import { compareCmkdSection, sectionOf, withSection } from "./compareCmkdPage.js";

const row = {
  ...{ name: "mean log-prob", samples: 1000, surest: 900, kept: 800, right: 780, half: 400, halfRight: 398 },
  separation: 0.75,
};

const result = (seed: number, gain: number): CmkdComparison => ({
  backbone: 1,
  seed,
  students: {
    plain: { accuracy: 0.8, count: 2000 },
    weighted: { accuracy: 0.8 + (seed === 1 ? 0.01 : -0.01), count: 2000 },
    crossModalKl: { accuracy: 0.8 + gain, count: 2000 },
    onPolicy: { accuracy: 0.8 - gain, count: 2000 },
    distribution: { accuracy: 0.8 + gain, count: 2000 },
  },
  confidences: [row, { ...row, name: "both orders", surest: 0, half: 0, halfRight: 0, separation: null }],
});

const cellsOf = (section: string, name: string): readonly string[] =>
  section
    .split("\n")
    .find((line) => line.startsWith(`| ${name} `))!
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

describe("compareCmkdSection", () => {
  const section = compareCmkdSection([result(1, 0.02), result(2, 0.03), result(3, 0.025)]);

  it("adds the counts of all runs", () => {
    expect(cellsOf(section, "mean log-prob")).toEqual([
      ...["mean log-prob", "90.00", "80.00", "97.50", "60", "99.50", "0.750"],
    ]);
    expect(cellsOf(section, "both orders").slice(1)).toEqual(["", "80.00", "97.50", "60", "", ""]);
  });

  it("pairs students by run, and calls nothing clear that is not", () => {
    expect(cellsOf(section, "cross-modal KL").slice(1)).toEqual(["82.0", "83.0", "82.5", "82.5", "2.5 ± 0.3"]);
    expect(section).toContain("- **cross-modal KL**: better than plain CMKD; better in 3 of 3 runs");
    expect(section).toContain("- **on-policy**: worse than plain CMKD; better in 0 of 3 runs");
    expect(section).toContain("- **confidence weights**: no clear difference; better in 1 of 3 runs");
    for (const few of [[result(1, 0.02)], [result(1, 0.02), result(2, 0.03)]])
      expect(compareCmkdSection(few)).not.toMatch(/: (better|worse) than/);
  });

  it("stands at the end of the page, once", () => {
    const page = withSection("# Page\n\ntext\n", section);
    expect(sectionOf(page)).toBe(section);
    expect(withSection(page, section)).toBe(page);
    expect(sectionOf("# Page\n")).toBe("");
  });
});
