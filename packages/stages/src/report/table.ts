import { displayWidth, onOneLine } from "./display-width.js";

/** A table of texts; the first column is aligned left, the others right unless `align` says otherwise. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly align?: readonly ("left" | "right")[];
}

const alignOf = ({ align }: Table, column: number): "left" | "right" => align?.[column] ?? (column ? "right" : "left");

const padded = (text: string, width: number, align: "left" | "right"): string => {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
};

const widthsOf = (lines: readonly (readonly string[])[], count: number): readonly number[] =>
  Array.from({ length: count }, (_, column) => Math.max(0, ...lines.map((line) => displayWidth(line[column] ?? ""))));

/** A head cut at spaces into lines no wider than its column's cells or its longest word. */
const wrapped = (head: string, width: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of head.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && displayWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
};

/**
 * A table for the terminal: columns aligned, two spaces apart, long heads on several lines, a rule under them, no line ends in a space.
 *
 * @example
 * import { textTable } from "@msrl/stages/report";
 * const table = { columns: ["after", "seen"], rows: [["base", "57.7 %"], ["stage 3", "86.5 %"]] };
 * assert.strictEqual(textTable(table).split("\n")[2], "base     57.7 %");
 * @since 0.1.0
 */
export const textTable = (table: Table): string => {
  const rows = table.rows.map((row) => table.columns.map((_, at) => onOneLine(row[at] ?? "")));
  const narrow = widthsOf(rows, table.columns.length);
  const heads = table.columns.map((head, column) => wrapped(onOneLine(head), narrow[column]!));
  const height = Math.max(0, ...heads.map((lines) => lines.length));
  const top = Array.from({ length: height }, (_, line) =>
    heads.map((lines) => lines[line - height + lines.length] ?? ""),
  );
  const widths = widthsOf([...top, ...rows], table.columns.length);
  const written = (line: readonly string[]): string =>
    line
      .map((text, column) => padded(text, widths[column]!, alignOf(table, column)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "\u2500".repeat(width)).join("\u2500\u2500");
  return [...top.map(written), rule, ...rows.map(written)].join("\n");
};

const cell = (text: string): string => onOneLine(text).replace(/[\\|<>&*_`[\]]/g, "\\$&");

/**
 * A table in GitHub's Markdown, its columns padded so that the source reads as a table too.
 *
 * @example
 * import { markdownTable } from "@msrl/stages/report";
 * assert.strictEqual(markdownTable({ columns: ["a", "b"], rows: [["1", "2"]] }), "| a   |   b |\n| :-- | --: |\n| 1   |   2 |");
 * @since 0.1.0
 */
export const markdownTable = (table: Table): string => {
  const lines = [table.columns, ...table.rows].map((line) => table.columns.map((_, at) => cell(line[at] ?? "")));
  const widths = widthsOf(lines, table.columns.length).map((width) => Math.max(3, width));
  const bars = widths.map((width, column) =>
    alignOf(table, column) === "left" ? `:${"-".repeat(width - 1)}` : `${"-".repeat(width - 1)}:`,
  );
  const [head = [], ...body] = lines.map((line) =>
    line.map((text, column) => padded(text, widths[column]!, alignOf(table, column))),
  );
  return [head, bars, ...body].map((line) => `| ${line.join(" | ")} |`).join("\n");
};
