import { displayWidth, fitted, onOneLine } from "../report/display-width.js";
import { formatDuration, formatNumber, formatPercent } from "../report/format.js";

/** A metric to show: its name, or the name with what it is called here and whether it is a share, shown in per cent. */
export type ShownMetric = string | { readonly name: string; readonly label?: string; readonly percent?: boolean };

/** What a line of progress tells; times in seconds. */
export interface ProgressState {
  readonly title: string;
  readonly step: number;
  readonly total: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly elapsed: number;
  /** Seconds left; absent: not known yet. */
  readonly left?: number;
}

const separator = " \u00b7 ";

/** The chosen metrics that have a finite value, in their order: `accuracy 94.3 %`. */
export const formatMetrics = (
  metrics: Readonly<Record<string, number>>,
  shown: readonly ShownMetric[],
): readonly string[] =>
  shown.flatMap((entry) => {
    const { name, label = name, percent = false } = typeof entry === "string" ? { name: entry } : entry;
    const value = metrics[name];
    if (value === undefined || !Number.isFinite(value)) return [];
    return [`${label} ${percent ? formatPercent(value) : formatNumber(value)}`];
  });

/** A bar of `width` characters, as much of it filled as the share says. */
export const formatBar = (share: number, width: number): string => {
  const filled = Math.round(width * Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)));
  return "\u2501".repeat(filled) + "\u2500".repeat(width - filled);
};

const counter = ({ step, total }: ProgressState): string =>
  total > 0 ? `${String(step).padStart(String(total).length)}/${total}` : `step ${step}`;

const times = ({ elapsed, left }: ProgressState): readonly string[] => [
  formatDuration(elapsed),
  ...(left !== undefined && Number.isFinite(left) ? [`${formatDuration(left)} left`] : []),
];

/** A line without a bar, for logs: `Text GRPO 12/60 · accuracy 71.2 % · 14s · 56s left`. */
export const plainLine = (state: ProgressState, shown: readonly ShownMetric[]): string =>
  onOneLine(
    [`${state.title} ${counter(state)}`, ...formatMetrics(state.metrics, shown), ...times(state)].join(separator),
  );

/**
 * A line with a bar that fits into `columns`: too narrow, it gives up the bar, then metrics from the last, then is cut.
 */
export const liveLine = (state: ProgressState, shown: readonly ShownMetric[], columns: number): string => {
  const metrics = formatMetrics(state.metrics, shown);
  const share = state.total > 0 ? state.step / state.total : 0;
  const title = onOneLine(state.title) + " ".repeat(Math.max(0, 16 - displayWidth(state.title)));
  const lead = `${title} ${formatBar(share, 20)} ${counter(state)}`;
  const candidates = [
    [lead, ...metrics, ...times(state)],
    ...metrics.map((_, at) => [
      `${title} ${counter(state)}`,
      ...metrics.slice(0, metrics.length - at),
      ...times(state),
    ]),
    [`${title} ${counter(state)}`, ...times(state)],
  ].map((parts) => onOneLine(parts.join(separator)));
  return candidates.find((line) => displayWidth(line) <= columns) ?? fitted(candidates.at(-1)!, columns);
};

/** The line that stays: a tick if all steps were made, else how far it came. */
export const finalLine = (state: ProgressState, shown: readonly ShownMetric[], note?: string): string => {
  const done = state.step >= state.total;
  const lead = done
    ? `\u2713 ${state.title}${separator}${state.step} ${state.step === 1 ? "step" : "steps"}`
    : `\u2717 ${state.title}${separator}stopped at ${state.step}/${state.total}`;
  const parts = [lead, ...formatMetrics(state.metrics, shown), formatDuration(state.elapsed), ...(note ? [note] : [])];
  return onOneLine(parts.join(separator));
};
