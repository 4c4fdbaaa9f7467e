import { formatDuration, formatPercent } from "./format.js";
import type { Report } from "./report.js";

/** A number of the page's head. */
export interface Headline {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

/** The numbers that come first: where every set's accuracy started and ended, steps and time. */
export const headlines = ({ evaluations, stages }: Report): readonly Headline[] => {
  const names = [...new Set(evaluations.map(({ name }) => name))];
  const accuracies = names.slice(0, 4).map((name): Headline => {
    const of = evaluations.filter((evaluation) => evaluation.name === name);
    const [first, last] = [of[0]!, of.at(-1)!];
    const gain = 100 * (last.accuracy - first.accuracy);
    const value = formatPercent(last.accuracy);
    const label = `Accuracy: ${name}`;
    if (of.length < 2 || !Number.isFinite(gain)) return { label, value };
    return {
      label,
      value,
      note: `from ${formatPercent(first.accuracy)}, ${gain < 0 ? "\u2212" : "+"}${Math.abs(gain).toFixed(1)} points`,
    };
  });
  if (stages.length === 0) return accuracies;
  const steps = stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  const time = formatDuration(stages.reduce((sum, stage) => sum + stage.seconds, 0));
  const counted = stages.length === 1 ? "one stage" : `${stages.length} stages`;
  return [
    ...accuracies,
    { label: "Training time", value: time, note: `${steps.toLocaleString("en-US")} steps in ${counted}` },
  ];
};
