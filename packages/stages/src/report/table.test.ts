import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth, fitted } from "./display-width.js";
import { markdownTable, textTable } from "./table.js";

describe("textTable", () => {
  it("aligns columns and breaks long heads", () => {
    const table = {
      columns: ["after", "seen", "video generation"],
      rows: [
        ["base", "57.7 %", "56.0 %"],
        ["stage 3", "86.5 %", ""],
      ],
    };
    expect(textTable(table)).toBe(
      [
        "                      video",
        "after      seen  generation",
        "───────────────────────────",
        "base     57.7 %      56.0 %",
        "stage 3  86.5 %",
      ].join("\n"),
    );
  });

  it("counts emoji as two columns, and lets no cell steer the terminal or break its line", () => {
    const lines = textTable({
      columns: ["a", "b"],
      rows: [
        ["🦊", "1"],
        ["x\u001b[2J\n", "2"],
      ],
    }).split("\n");
    expect(lines.slice(2)).toEqual(["🦊      1", "x [2J   2"]);
  });

  it("is as wide as its rule, whatever the texts", () => {
    const row = fc.array(fc.string({ unit: "grapheme" }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(row, fc.array(row, { maxLength: 4 }), (columns, rows) => {
        const lines = textTable({ columns, rows }).split("\n");
        const rule = lines.find((line) => line.startsWith("─"))?.length ?? 0;
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(rule, 4));
      }),
    );
  });

  it("needs neither rows nor columns", () => {
    expect(textTable({ columns: [], rows: [] })).toBe("");
    expect(textTable({ columns: ["a b"], rows: [] })).toBe("a\nb\n─");
  });
});

describe("markdownTable", () => {
  it("escapes what Markdown reads", () => {
    expect(markdownTable({ columns: ["a|b", "note"], rows: [["<b>", "*x*\ny"]], align: ["left", "left"] })).toBe(
      ["| a\\|b  | note    |", "| :---- | :------ |", "| \\<b\\> | \\*x\\* y |"].join("\n"),
    );
  });
});

describe("fitted", () => {
  it("cuts at whole characters", () => {
    expect(fitted("🦊🦊🦊", 4)).toBe("🦊…");
    expect(fitted("abc", 3)).toBe("abc");
    expect(fitted("abc", 0)).toBe("");
  });
});
