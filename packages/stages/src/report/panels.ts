import type { Panel, Report, StageReport } from "./report.js";

/** The charts of a report unless it names its own: the method's metrics, in the order in which they are read. */
export const defaultPanels: readonly Panel[] = [
  { title: "Reward by part", metrics: ["reward", "reward/*", "reward_*", "rewards/*"] },
  { title: "Accuracy", metrics: ["accuracy", "reward/accuracy"], percent: true },
  { title: "Format rate", metrics: ["format", "format_rate", "reward/format"], percent: true },
  { title: "Completion length, tokens", metrics: ["length", "completion_length", "mean_length", "tokens"] },
  { title: "Completions cut off at the limit", metrics: ["truncated"], percent: true },
  {
    title: "Groups with equal rewards, which teach nothing",
    metrics: ["zero_variance", "zero_advantage*"],
    percent: true,
  },
  { title: "Entropy, nats", metrics: ["entropy"] },
  { title: "Clip fraction", metrics: ["clip_fraction", "clip_fraction/*", "clip_fraction_*"], percent: true },
  { title: "KL to the reference, nats", metrics: ["kl", "kl/*"] },
  { title: "Gradient norm", metrics: ["gradient_norm", "grad_norm"] },
  { title: "Loss", metrics: ["loss"], shared: false },
  { title: "Learning rate", metrics: ["learning_rate", "lr"], shared: false, smooth: false },
];

/** `clipFraction`, `clip-fraction` and `clip_fraction` are the same metric to a panel. */
const canonical = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[\s-]+/g, "_")
    .toLowerCase();

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(canonical(pattern.slice(0, -1))) : name === canonical(pattern);

const belongs = (panel: Panel, name: string): boolean =>
  panel.metrics.some((pattern) => matches(pattern, canonical(name)));

/** Names of a stage's metrics in the order in which they appeared. */
const metricNames = ({ steps }: StageReport): readonly string[] => [
  ...new Set(steps.flatMap(({ metrics }) => Object.keys(metrics))),
];

/** A panel with the metrics of the run that fall into it. */
export interface FilledPanel extends Panel {
  readonly names: readonly string[];
}

/** Panels that have something to show (a metric may be in several), and one for every metric that none of them claims. */
export const fillPanels = (
  report: Report,
): { readonly panels: readonly FilledPanel[]; readonly others: readonly FilledPanel[] } => {
  const panels = report.panels ?? defaultPanels;
  const names = [...new Set(report.stages.flatMap(metricNames))];
  const filled = panels.map((panel) => ({ ...panel, names: names.filter((name) => belongs(panel, name)) }));
  const homeless = names.filter((name) => !panels.some((panel) => belongs(panel, name)));
  return {
    panels: filled.filter((panel) => panel.names.length > 0),
    others: homeless.map((name) => ({ title: name, metrics: [name], names: [name] })),
  };
};
