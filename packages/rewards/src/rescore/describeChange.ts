import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import type { Average, CompletionChange, ScoreChange, ValueChange } from "./compareScores.js";

/** Settings of {@link describeChange}. */
export interface DescribeChangeOptions {
  /** Completions that are told one by one, at most. */
  readonly limit: number;
}

/** Defaults of {@link describeChange}. */
export const describeChangeDefaults: DescribeChangeOptions = { limit: 10 };

const rules: Rules<DescribeChangeOptions> = { limit: wholeFrom(0) };

const shortest = (value: number): string => String(Number(value.toPrecision(4)));
const shown = (value: number | null | undefined): string => (value == null ? "-" : shortest(value));
const signs: Readonly<Record<number, string>> = { [-1]: "below", 0: "at", 1: "above" };

const row = (name: string, { before, after, changed }: ValueChange): readonly string[] => {
  const told = ({ mean, count }: Average) => (mean === null ? ["-", ""] : [shortest(mean), `of ${count}`]);
  return [name, ...told(before), ...told(after), String(changed)];
};

/** Columns aligned, the first to the left; no line ends in a space. */
const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
};

const excerpt = (text: string): string => {
  const line = JSON.stringify(text.slice(0, 80)).slice(1, -1);
  return text.length > 80 ? `${line} ...` : line;
};

const completionLines = ({ step, prompt, at, text, before, after, ranks, signs: sign }: CompletionChange) => {
  const names = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])];
  const other = names.filter((name) => (before.parts[name] ?? null) !== (after.parts[name] ?? null));
  const moved = [
    `${shown(before.value)} -> ${shown(after.value)}`,
    ...(ranks[0] === ranks[1] ? [] : [`rank ${shown(ranks[0])} -> ${shown(ranks[1])}`]),
    ...(sign[0] === sign[1] ? [] : [`${signs[sign[0]]} -> ${signs[sign[1]]} the mean`]),
  ];
  return [
    `step ${step}, prompt ${prompt}, completion ${at}: ${moved.join(", ")}`,
    ...other.map((name) => {
      const why = after.failures?.[name] ?? after.reasons?.[name];
      return `  ${name} ${shown(before.parts[name])} -> ${shown(after.parts[name])}${why ? `: ${why}` : ""}`;
    }),
    `  ${excerpt(text)}`,
  ];
};

/**
 * A change of scores in words: a table of the total and its parts (mean, over how many completions, how many values are
 * others), then the completions that would be learned from otherwise, with the parts that changed and why.
 *
 * @throws ConfigurationError if the limit is not a whole number of at least 0.
 * @example
 * import { compareScores, describeChange } from "@msrl/rewards";
 * const run = (...values: number[]) => [{
 *   step: 3,
 *   prompt: { id: "q1", messages: [] },
 *   completions: values.map((value) => ({ text: `has ${value}`, score: { value, parts: { length: value } } })),
 *   reference: {},
 * }];
 * assert.deepStrictEqual(describeChange(compareScores(run(1, 2), run(4, 2)), { limit: 1 }).split("\n"), [
 *   "        before        after        changed",
 *   "total      1.5  of 2      3  of 2        1",
 *   "length     1.5  of 2      3  of 2        1",
 *   "1 of 1 groups in another order, 2 of 2 completions on another side of their group's mean",
 *   "",
 *   "step 3, prompt q1, completion 0: 1 -> 4, rank 2 -> 1, below -> above the mean",
 *   "  length 1 -> 4",
 *   "  has 1",
 *   "and 1 more",
 * ]);
 * @since 0.1.0
 */
export const describeChange = (change: ScoreChange, options: Partial<DescribeChangeOptions> = {}): string => {
  const { limit } = checkOptions("describeChange", rules, describeChangeDefaults, options);
  const { groups, completions, total, parts, reordered, turned, changes } = change;
  const rest = changes.length - limit;
  return [
    ...table([
      ["", "before", "", "after", "", "changed"],
      row("total", total),
      ...Object.entries(parts).map(([name, part]) => row(name, part)),
    ]),
    `${reordered} of ${groups} groups in another order, ${turned} of ${completions} completions on another side of their group's mean`,
    ...(changes.length > 0 ? [""] : []),
    ...changes.slice(0, limit).flatMap(completionLines),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ].join("\n");
};
