import { averageWindow, extent, finite, legend, lineChart, type Series } from "./chart.js";
import { formatNumber, formatPercent } from "./format.js";
import { html, type Markup } from "./markup.js";
import { movingAverage } from "./moving-average.js";
import { type FilledPanel, fillPanels } from "./panels.js";
import type { Report, StageReport } from "./report.js";

const colours = 6;

const seriesOf = (stage: StageReport, names: readonly string[]): readonly Series[] =>
  names
    .map((name, at) => ({
      name,
      colour: at % colours,
      points: finite(
        stage.steps.flatMap(({ step, metrics }) => {
          const value = metrics[name];
          return value === undefined ? [] : [{ step, value }];
        }),
      ),
    }))
    .filter(({ points }) => points.length > 0);

/** What a metric is called under a heading: `reward/taskType` is `task type`. */
const label = (name: string): string =>
  name
    .slice(name.lastIndexOf("/") + 1)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();

/** What the metrics of a panel are called: short where that tells them apart. */
const labels = (names: readonly string[]): readonly string[] => {
  const short = names.map(label);
  return new Set(short).size === names.length ? short : names;
};

/** Width of a chart such that those of a row fill the page, in CSS pixels. */
const widthOf = (count: number): number => (count <= 3 ? 342 : count === 4 ? 249 : 193);

/** Where a panel's first metric ended: the last of its line. */
const ending = (series: readonly Series[], percent: boolean, smooth: boolean): string | undefined => {
  const points = series[0]?.points ?? [];
  const last = movingAverage(points, smooth ? averageWindow(points.length) : 1).at(-1);
  return last && (percent ? formatPercent(last.value) : formatNumber(last.value));
};

const panelMarkup = (report: Report, panel: FilledPanel): Markup | undefined => {
  const rows = report.stages
    .map((stage) => ({ stage, series: seriesOf(stage, panel.names) }))
    .filter(({ series }) => series.length > 0);
  if (rows.length === 0) return undefined;
  const values = rows.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ value }) => value)));
  const range = panel.shared === false ? undefined : extent(values);
  const width = widthOf(rows.length);
  const percent = panel.percent === true && values.every((value) => value >= 0 && value <= 1);
  const smooth = panel.smooth !== false;
  const charts = rows.map(({ stage, series }) => {
    const title = `${panel.title}, ${stage.title}`;
    const options = { title, series, width, height: 150, percent, smooth, ...(range && { range }) };
    return html`<figure><figcaption><span title="${stage.title}">${stage.title}</span><b>${ending(series, percent, smooth)}</b></figcaption>${lineChart(options)}</figure>`;
  });
  const key = panel.names.length > 1 && legend(labels(panel.names).map((name, at) => ({ name, colour: at % colours })));
  return html`<div class="panel"><h3>${panel.title}</h3>${key}<div class="row" tabindex="0" role="group" aria-label="${panel.title}">${charts}</div></div>`;
};

/** Every metric of every stage over its steps: a row of small charts a metric, a chart a stage. */
export const curvesSection = (report: Report): Markup | undefined => {
  const { panels, others } = fillPanels(report);
  const draw = (panel: FilledPanel) => panelMarkup(report, panel);
  const rest = others.map(draw).filter((markup) => markup !== undefined);
  if (panels.length + rest.length === 0) return undefined;
  const more = rest.length > 0 && html`<details><summary>Other metrics (${rest.length})</summary>${rest}</details>`;
  return html`<section><h2>Training</h2><p class="note">Over the steps of each stage: dots are single steps, the line is their centred moving average, the number where its first line ends. Stages of a row share the value axis, unless their scales differ by nature (loss, learning rate).</p>${panels.map(draw)}${more}</section>`;
};
