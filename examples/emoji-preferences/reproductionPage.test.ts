import { describe, expect, it } from "vitest";
import type { RowName, RowResult } from "./reproduce.js";
import { reproductionPage } from "./reproductionPage.js";

const runs = [
  { backbone: 1, seed: 1 },
  { backbone: 1, seed: 2 },
  { backbone: 2, seed: 1 },
  { backbone: 2, seed: 2 },
];

/** Accuracy of each row over the four runs, in per cent: without CMKD is clear, without stage 3 is not, without stage 1 is against. */
const accuracies: Readonly<Record<RowName, readonly number[]>> = {
  full: [90, 88, 92, 90],
  "without caption RL": [88, 86, 90, 88],
  "without CMKD": [80, 79, 82, 79],
  "without stage 3": [90, 80, 97, 90],
  "without stage 1": [91, 89, 93, 91],
  "multimodal only": [60, 70, 65, 65],
};

const result = (row: RowName, at: number): RowResult => {
  const accuracy = accuracies[row][at]! / 100;
  const evaluation = { after: row, count: 2000, byTask: {} };
  return {
    ...runs[at]!,
    row,
    evaluations: [
      { ...evaluation, name: "seen", accuracy, extra: { captions_exact: 0.5, unreadable: 0 } },
      { ...evaluation, name: "captions", accuracy: 0.1, extra: {} },
    ],
    ...(row === "full" && { afterCmkd: 0.7 }),
  };
};

const results = (Object.keys(accuracies) as RowName[]).flatMap((row) => runs.map((_, at) => result(row, at)));
const page = reproductionPage(results);
const lines = page.split("\n");

/** A row of the page's table, cell by cell. */
const cells = (row: string): readonly string[] =>
  lines
    .find((line) => line.startsWith(`| ${row} `))!
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

const finding = (row: RowName): string => lines.find((line) => line.startsWith(`- **${row}**`))!;

describe("the page of the ablation", () => {
  it("says what was run", () => {
    expect(page).toContain("2 base models x 2 stage seeds a row");
    expect(page).toContain("judged on 2,000 held-out multimodal");
  });

  it("has mean, spread, standard error, range, the paired difference, the accuracy after CMKD, captions and the paper's", () => {
    // 90 88 92 90: mean 90, deviation sqrt(8 / 3) = 1.63, over sqrt(4) = 0.8.
    expect(cells("full")).toEqual(["full", "90.0", "1.6", "0.8", "88.0 to 92.0", "", "70.0", "50.0", "75.9"]);
    // Differences 10 9 10 11: mean 10, deviation sqrt(2 / 3), over 2 = 0.4.
    expect(cells("without CMKD").slice(5)).toEqual(["10.0 ± 0.4", "", "50.0", "73.4"]);
    expect(cells("without caption RL")[5]).toBe("2.0 ± 0.0");
    expect(lines.filter((line) => line.startsWith("| ")).length).toBe(16); // two tables, with head and rule
  });

  it("has every row's mean for each base model", () => {
    const second = page.slice(page.indexOf("base model 1"));
    const row = second.split("\n").find((line) => line.startsWith("| full "))!;
    expect(row.match(/[\d.]+/g)).toEqual(["89.0", "91.0"]);
  });

  it("puts the rows in order, ours beside the paper's", () => {
    expect(page).toContain(
      "Order here: without stage 1 > full > without stage 3 > without caption RL > without CMKD > multimodal only.",
    );
    expect(page).toContain(
      "Order in the paper: full > without caption RL > without CMKD > without stage 3 > without stage 1 > multimodal only.",
    );
    expect(page).toContain("The orders differ.");
  });

  it("says plainly what came out, what may have, and what did not", () => {
    expect(finding("without CMKD")).toBe(
      "- **without CMKD**: comes out as in the paper; full is better in 4 of 4 runs, by 10.0 ± 0.4 points.",
    );
    expect(finding("without stage 3")).toMatch(
      /has the paper's sign but is within two standard errors; full is better in 1 of 4 runs, by 0\.8 ± 2\.7 points\.$/,
    );
    expect(finding("without stage 1")).toMatch(
      /does not come out; full is better in 0 of 4 runs, by -1\.0 ± 0\.0 points\.$/,
    );
    expect(lines.filter((line) => line.startsWith("- **"))).toHaveLength(5);
  });

  it("does not depend on the order of the results", () => {
    expect(reproductionPage([...results].reverse())).toBe(page);
  });
});
