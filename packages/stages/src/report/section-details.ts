import { formatDuration, formatNumber } from "./format.js";
import { html, type Markup } from "./markup.js";
import type { Plain, Report, StageReport, YieldTable } from "./report.js";

type Fact = readonly [name: string, value: string];

/** Nested values as rows: `optimizer.learningRate` and what it was. */
const flat = (value: Plain, path: string): readonly Fact[] => {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  if (Array.isArray(value) && value.every((each) => typeof each !== "object" || each === null))
    return [[path, value.length === 0 ? "none" : value.join(", ")]];
  return Object.entries(value).flatMap(([name, each]) => flat(each as Plain, path === "" ? name : `${path}.${name}`));
};

const facts = (title: string, rows: readonly Fact[]): Markup | undefined =>
  rows.length === 0
    ? undefined
    : html`<h3>${title}</h3><div class="card facts"><table><tbody>${rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</tbody></table></div>`;

const stagesMarkup = (stages: readonly StageReport[]): Markup | undefined => {
  if (stages.length === 0) return undefined;
  const summary = (stage: StageReport) =>
    Object.entries(stage.summary)
      .map(([name, value]) => `${name.replaceAll("_", " ")} ${formatNumber(value)}`)
      .join(", ");
  const rows = stages.map(
    (stage) =>
      html`<tr><th>${stage.title}</th><td>${stage.kind}</td><td>${stage.steps.length.toLocaleString("en-US")}</td><td>${formatDuration(stage.seconds)}</td><td class="text">${summary(stage)}</td></tr>`,
  );
  return html`<h3>Stages</h3><div class="card"><table><thead><tr><th>Stage</th><th>Kind</th><th>Steps</th><th>Wall time</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`;
};

const yieldMarkup = ({ title, rows, note }: YieldTable): Markup => {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const body = rows.map(
    ({ label, values }) =>
      html`<tr><th>${label}</th>${names.map((name) => html`<td>${values[name] === undefined ? "" : formatNumber(values[name])}</td>`)}</tr>`,
  );
  return html`<div><h3>${title}</h3><div class="card"><table><thead><tr><th></th>${names.map((name) => html`<th>${name.replaceAll("_", " ")}</th>`)}</tr></thead><tbody>${body}</tbody></table></div>${note && html`<p class="soft">${note}</p>`}</div>`;
};

/** Counts and shares: what filters let through, what was skipped. */
export const yieldsSection = ({ yields }: Report): Markup | undefined =>
  yields.length === 0
    ? undefined
    : html`<section><h2>Yields</h2><p class="note">How much came in, and how much was kept.</p><div class="yields">${yields.map(yieldMarkup)}</div></section>`;

/** What a reader should know that no number says. */
export const notesSection = ({ notes }: Report): Markup | undefined =>
  notes.length === 0
    ? undefined
    : html`<section><h2>Notes</h2><ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul></section>`;

/** Wall times, configuration, versions and machine, folded. */
export const detailsSection = ({ stages, configuration, versions, machine }: Report): Markup => {
  const packages = Object.entries(versions.packages);
  const software: readonly Fact[] = [...(versions.node ? [["Node", versions.node] as const] : []), ...packages];
  const hardware = Object.entries(machine).map(([name, value]): Fact => [name, String(value)]);
  return html`<details class="more"><summary>Wall times, configuration, versions</summary>${stagesMarkup(stages)}${facts("Configuration", flat(configuration, ""))}${facts("Versions", software)}${facts("Machine", hardware)}</details>`;
};
