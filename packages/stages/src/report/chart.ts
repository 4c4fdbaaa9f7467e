import { formatNumber } from "./format.js";
import { html, type Markup } from "./markup.js";
import { movingAverage, type Point } from "./moving-average.js";
import { niceTicks } from "./ticks.js";

// Charts are drawn here, in about a hundred lines, and not by a chart library: echarts, the best of those that draw
// on a server, is 62 MB in the node_modules of everyone who trains a model; lines over steps need none of it.

/** A named line; `colour` is an index into the page's palette. */
export interface Series {
  readonly name: string;
  readonly colour: number;
  readonly points: readonly Point[];
}

/** How a chart is drawn; sizes in CSS pixels. */
export interface ChartOptions {
  readonly title: string;
  readonly series: readonly Series[];
  readonly width: number;
  readonly height: number;
  /** Values the axis covers at least; absent: those of the series. */
  readonly range?: readonly [low: number, high: number];
  /** True if values are shares, shown in per cent. */
  readonly percent?: boolean;
  /** False if the points are exact, such as a schedule: joined as they are, without dots. */
  readonly smooth?: boolean;
}

/** Points of a series that have a place on a chart: finite, and so far from the largest number that ranges are too. */
export const finite = (points: readonly Point[]): readonly Point[] =>
  points.filter(({ step, value }) => Math.abs(step) < 1e300 && Math.abs(value) < 1e300);

/** Steps that the drawn average spans: an eighth of the series, at least 1, odd so that it is centred. */
export const averageWindow = (count: number): number => 2 * Math.floor(count / 16) + 1;

/** Smallest and largest value of some series; `undefined` if they have none. */
export const extent = (values: Iterable<number>): readonly [number, number] | undefined => {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : undefined;
};

/** More points than pixels say nothing more: every k-th, and the last. */
const thinned = (points: readonly Point[], most = 400): readonly Point[] => {
  const stride = Math.ceil(points.length / most);
  return points.filter((_, at) => at % stride === 0 || at === points.length - 1);
};

interface Axis {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
}

const axis = (ticks: readonly number[], low: number, high: number, from: number, to: number): Axis => ({
  ticks,
  place: (value) => from + ((value - low) / (high - low || 1)) * (to - from),
});

const tenth = (value: number): string => String(Math.round(10 * value) / 10);

/** Dots of no length with round caps: one path for all of them keeps the page small. */
const dots = (points: readonly Point[], x: Axis, y: Axis): string =>
  points.map(({ step, value }) => `M${tenth(x.place(step))} ${tenth(y.place(value))}h0`).join("");

const line = (points: readonly Point[], x: Axis, y: Axis): string =>
  points.map(({ step, value }, at) => `${at ? "L" : "M"}${tenth(x.place(step))} ${tenth(y.place(value))}`).join("");

const drawSeries = ({ points, colour }: Series, x: Axis, y: Axis, smooth: boolean): Markup => {
  const through = smooth ? movingAverage(points, averageWindow(points.length)) : points;
  const single = smooth || points.length === 1;
  const marks = single && html`<path class="dots c${colour}" d="${dots(thinned(points), x, y)}"/>`;
  return html`${marks}<path class="line c${colour}" d="${line(thinned(through), x, y)}"/>`;
};

/** How the ticks of an axis are written: all with an exponent if all are small. */
const tickLabel = (ticks: readonly number[], percent = false): ((tick: number) => string) => {
  if (percent) return (tick) => `${formatNumber(100 * tick)}%`;
  const small = Math.max(...ticks.map(Math.abs)) <= 2e-3;
  return (tick) => (small && tick !== 0 ? tick.toExponential() : formatNumber(tick));
};

const grid = (x: Axis, y: Axis, options: ChartOptions, left: number, bottom: number): Markup => {
  const label = tickLabel(y.ticks, options.percent);
  const across = y.ticks.map(
    (tick) =>
      html`<path class="grid" d="M${left} ${tenth(y.place(tick))}H${options.width - 6}"/><text x="${left - 6}" y="${tenth(y.place(tick) + 3.5)}" text-anchor="end">${label(tick)}</text>`,
  );
  const along = x.ticks.map((tick) => {
    const at = x.place(tick);
    const anchor = at > options.width - 18 ? "end" : "middle";
    return html`<text x="${tenth(anchor === "end" ? options.width - 4 : at)}" y="${bottom + 15}" text-anchor="${anchor}">${formatNumber(tick)}</text>`;
  });
  return html`${across}${along}`;
};

/**
 * A line chart as inline SVG: raw points faint, their centred moving average as a line, round ticks, horizontal gridlines.
 *
 * Colours are classes (`c0`, `c1`, ...) that the page defines, so that the chart follows a dark theme. Values that are not
 * finite have no place on it and are left out; with none left, the chart says so.
 */
export const lineChart = (options: ChartOptions): Markup => {
  const { width, height, percent, title } = options;
  const series = options.series.map((each) => ({ ...each, points: finite(each.points) }));
  const steps = extent(series.flatMap(({ points }) => points.map(({ step }) => step)));
  const values = options.range ?? extent(series.flatMap(({ points }) => points.map(({ value }) => value)));
  const attributes = html`class="chart" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-label="${title}"`;
  if (!steps || !values)
    return html`<svg ${attributes}><text x="${width / 2}" y="${height / 2}" text-anchor="middle">no values</text></svg>`;
  const ticks = niceTicks(values[0], values[1], 4).filter((tick) => !percent || values[1] > 1 || tick <= 1);
  const label = tickLabel(ticks, percent);
  const left = 10 + 6.2 * Math.max(...ticks.map((tick) => label(tick).length));
  const bottom = height - 20;
  const across = niceTicks(steps[0], steps[1], 4).filter(
    (tick) => tick >= steps[0] && tick <= steps[1] && Number.isInteger(tick),
  );
  const x = axis(across, steps[0], steps[1], left + 3, width - 9);
  const y = axis(ticks, ticks[0]!, ticks.at(-1)!, bottom, 8);
  return html`<svg ${attributes}>${grid(x, y, options, left, bottom)}${series.map((each) => drawSeries(each, x, y, options.smooth !== false))}</svg>`;
};

/** What the colours of a chart mean. */
export const legend = (series: readonly Pick<Series, "name" | "colour">[]): Markup =>
  html`<span class="legend">${series.map(({ name, colour }) => html`<span><i class="c${colour}"></i>${name}</span>`)}</span>`;
