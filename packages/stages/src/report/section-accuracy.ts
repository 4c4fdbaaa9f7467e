import { type AccuracyCell, type AccuracyTable, accuracyTable } from "./accuracy-table.js";
import { extent } from "./chart.js";
import { formatPercent } from "./format.js";
import { html, type Markup } from "./markup.js";
import type { Comparison, Report } from "./report.js";

const dataCell = (cell: AccuracyCell | undefined, overall: boolean, heat: (value: number) => number): Markup => {
  if (!cell) return html`<td class="soft">\u2013</td>`;
  const error = overall && (cell.standardError ?? 0) > 0;
  const margin = error && html` <small>\u00b1\u00a0${(100 * cell.standardError!).toFixed(1)}</small>`;
  const kind = `${overall ? "overall" : ""}${cell.fraction ? " share" : ""}`;
  const depth = cell.fraction && Number.isFinite(cell.value) ? heat(cell.value) : 0;
  return html`<td class="${kind}" style="--heat: ${depth.toFixed(1)}">${cell.text.replace("\u00a0%", "")}${margin}</td>`;
};

/** Depth of a cell's ground in per cent: from 2 for the table's lowest share to 30 for its highest. */
const heatOf = ({ rows }: AccuracyTable): ((value: number) => number) => {
  const shares = rows.flatMap(({ cells }) => cells.flatMap((cell) => (cell?.fraction ? cell.value : [])));
  const [low, high] = extent(shares.filter(Number.isFinite)) ?? [0, 1];
  return (value) => 2 + (28 * (value - low)) / (high - low || 1);
};

/** Two rows of heads: the sets, and under each what was measured on it. */
const accuracyHead = ({ columns }: AccuracyTable): Markup => {
  const sets = [...new Set(columns.map(({ set }) => set))];
  const groups = sets.map((name) => {
    const span = columns.filter(({ set }) => set === name).length;
    return html`<th class="set" colspan="${span}" scope="colgroup">${name}</th>`;
  });
  const heads = columns.map(
    ({ title, overall }) => html`<th class="${overall ? "overall" : ""}" scope="col">${title}</th>`,
  );
  return html`<thead><tr><th></th>${groups}</tr><tr><th scope="col">After</th>${heads}</tr></thead>`;
};

const accuracyMarkup = (table: AccuracyTable): Markup => {
  const heat = heatOf(table);
  const body = table.rows.map(
    ({ after, cells }) =>
      html`<tr><th scope="row">${after}</th>${cells.map((cell, at) => dataCell(cell, table.columns[at]!.overall, heat))}</tr>`,
  );
  return html`<div class="card accuracy" tabindex="0" role="group" aria-label="Accuracy"><table>${accuracyHead(table)}<tbody>${body}</tbody></table></div>`;
};

/** How many items stand behind the figures: `seen: 600 items, text: 200 items`. */
const counts = (report: Report): string => {
  const names = [...new Set(report.evaluations.map(({ name }) => name))];
  const of = (name: string) =>
    Math.max(...report.evaluations.filter((each) => each.name === name).map((each) => each.count));
  return names.map((name) => `${name}: ${of(name).toLocaleString("en-US")} items`).join(", ");
};

/** Accuracy after every stage; the other sets by task are folded away. */
export const accuracySection = (report: Report): Markup | undefined => {
  const [first] = report.evaluations;
  if (!first) return undefined;
  const others = [...new Set(report.evaluations.map(({ name }) => name))]
    .filter((name) => name !== first.name)
    .map((name) => ({ name, table: accuracyTable(report, name) }))
    .filter(({ table }) => table.columns.length > 1);
  const more = others.map(
    ({ name, table }) => html`<details><summary>By task: ${name}</summary>${accuracyMarkup(table)}</details>`,
  );
  return html`<section><h2>Accuracy after every stage</h2><p class="note">Held-out items, in per cent; \u00b1 is one standard error from the number of items alone, a deeper tint a higher share. ${counts(report)}.</p>${accuracyMarkup(accuracyTable(report))}${more}</section>`;
};

const bar = ({ accuracy, standardError }: Comparison): Markup => {
  const at = (value: number) => (100 * Math.max(0, Math.min(1, value))).toFixed(2);
  const reach = standardError ?? Number.NaN;
  const whisker =
    Number.isFinite(reach) &&
    html`<path class="whisker" d="M${at(accuracy - reach)} 8H${at(accuracy + reach)}M${at(accuracy - reach)} 4V12M${at(accuracy + reach)} 4V12"/>`;
  return html`<svg viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true"><rect class="track" y="5" width="100" height="6"/><rect class="fill" y="5" width="${Number.isFinite(accuracy) ? at(accuracy) : 0}" height="6"/>${whisker}</svg>`;
};

/** The run beside what it is compared with. */
export const comparisonSection = ({ comparisons }: Report): Markup | undefined => {
  if (comparisons.length === 0) return undefined;
  const body = comparisons.map((row) => {
    const error = row.standardError !== undefined && Number.isFinite(row.standardError);
    const margin = error && html` <small>\u00b1\u00a0${(100 * row.standardError!).toFixed(1)}</small>`;
    return html`<tr><th>${row.label}</th><td class="overall">${formatPercent(row.accuracy)}${margin}</td><td class="wide">${bar(row)}</td><td class="text">${row.note}</td></tr>`;
  });
  return html`<section><h2>Comparison</h2><p class="note">Accuracy, with \u00b1 one standard error where it is known.</p><div class="card compared"><table><thead><tr><th></th><th>Accuracy</th><th class="wide"></th><th></th></tr></thead><tbody>${body}</tbody></table></div></section>`;
};
