import { formatNumber, formatPercent } from "./format.js";
import type { Evaluation, Report } from "./report.js";
import type { Table } from "./table.js";

/** A number of the accuracy table; `fraction` where it is a share, `standardError` and `count` where it is an accuracy. */
export interface AccuracyCell {
  readonly value: number;
  readonly text: string;
  readonly fraction: boolean;
  readonly standardError?: number;
  readonly count?: number;
}

/** Accuracy over the run: a row for every point at which was evaluated, a column for every number. */
export interface AccuracyTable {
  readonly columns: readonly { readonly set: string; readonly title: string; readonly overall: boolean }[];
  readonly rows: readonly { readonly after: string; readonly cells: readonly (AccuracyCell | undefined)[] }[];
}

/** Standard error of a share of `count` independent items: sqrt(p (1 - p) / n). */
export const shareError = (share: number, count: number): number => Math.sqrt((share * (1 - share)) / count);

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

const accuracyCell = ({ accuracy, count }: { readonly accuracy: number; readonly count: number }): AccuracyCell => ({
  value: accuracy,
  text: formatPercent(accuracy),
  fraction: true,
  standardError: shareError(accuracy, count),
  count,
});

interface Column {
  readonly set: string;
  readonly title: string;
  readonly overall: boolean;
  readonly of: (evaluations: readonly Evaluation[]) => AccuracyCell | undefined;
}

const named = (evaluations: readonly Evaluation[], name: string): Evaluation | undefined =>
  evaluations.find((evaluation) => evaluation.name === name);

const extraColumns = (name: string, evaluations: readonly Evaluation[]): readonly Column[] =>
  unique(evaluations.flatMap(({ extra }) => Object.keys(extra))).map((key) => {
    const values = evaluations.flatMap(({ extra }) => extra[key] ?? []);
    const fraction = values.every((value) => value >= 0 && value <= 1);
    const of = (at: readonly Evaluation[]): AccuracyCell | undefined => {
      const value = named(at, name)?.extra[key];
      if (value === undefined) return undefined;
      return { value, fraction, text: fraction ? formatPercent(value) : formatNumber(value) };
    };
    return { set: name, title: key.replaceAll("_", " "), overall: false, of };
  });

const columnsOf = (name: string, all: readonly Evaluation[], tasks: boolean): readonly Column[] => {
  const evaluations = all.filter((evaluation) => evaluation.name === name);
  const taskNames = unique(evaluations.flatMap(({ byTask }) => Object.keys(byTask)));
  const overall: Column = {
    set: name,
    title: "all",
    overall: true,
    of: (at) => {
      const found = named(at, name);
      return found && accuracyCell(found);
    },
  };
  const byTask = taskNames.map((task): Column => {
    const of = (at: readonly Evaluation[]) => {
      const found = named(at, name)?.byTask[task];
      return found && accuracyCell(found);
    };
    return { set: name, title: task.replaceAll("_", " "), overall: false, of };
  });
  return [overall, ...(tasks && taskNames.length > 1 ? byTask : []), ...extraColumns(name, evaluations)];
};

/**
 * Accuracy after every stage: the first evaluation's set by task and with its extras, of the other sets their totals and extras.
 *
 * @param name - a set to show alone, by task; absent: all of them.
 * @since 0.1.0
 */
export const accuracyTable = (report: Report, name?: string): AccuracyTable => {
  const { evaluations } = report;
  const names = name === undefined ? unique(evaluations.map((evaluation) => evaluation.name)) : [name];
  const columns = names.flatMap((each, at) => columnsOf(each, evaluations, at === 0));
  const titles = new Map(report.stages.map((stage) => [stage.name, stage.title]));
  const rows = unique(evaluations.map(({ after }) => after)).map((after) => {
    const here = evaluations.filter((evaluation) => evaluation.after === after);
    return { after: titles.get(after) ?? after, cells: columns.map(({ of }) => of(here)) };
  });
  return { columns: columns.map(({ set, title, overall }) => ({ set, title, overall })), rows };
};

/**
 * The accuracy table as texts, for `textTable` and `markdownTable`.
 *
 * @example
 * import { emptyReport, evaluationTable, textTable } from "@msrl/stages/report";
 * const at = { after: "base", name: "seen", accuracy: 0.577, count: 600, byTask: {}, extra: {} };
 * const report = { ...emptyReport("first run"), evaluations: [at] };
 * assert.deepStrictEqual(evaluationTable(report).columns, ["after", "seen"]);
 * @since 0.1.0
 */
export const evaluationTable = (report: Report, name?: string): Table => {
  const { columns, rows } = accuracyTable(report, name);
  return {
    columns: ["after", ...columns.map(({ set, title, overall }) => (overall ? set : title))],
    rows: rows.map(({ after, cells }) => [after, ...cells.map((cell) => cell?.text ?? "")]),
  };
};

/** The comparison rows as texts: accuracy with its standard error, and the note. */
export const comparisonTable = (report: Report): Table => ({
  columns: ["", "accuracy", "note"],
  align: ["left", "right", "left"],
  rows: report.comparisons.map(({ label, accuracy, standardError, note }) => [
    label,
    standardError === undefined
      ? formatPercent(accuracy)
      : `${(100 * accuracy).toFixed(1)} \u00b1 ${(100 * standardError).toFixed(1)}\u00a0%`,
    note ?? "",
  ]),
});
