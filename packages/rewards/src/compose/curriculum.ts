import { type ConfigurationProblem, configurationError } from "@msrl/core";
import { given as shownGiven } from "./arguments.js";

/** A step (steps made before it) and the weight at it. */
export type CurriculumPoint = readonly [step: number, weight: number];

const problemsOf = (points: readonly CurriculumPoint[]): readonly ConfigurationProblem[] => {
  if (!Array.isArray(points))
    return [{ field: "points", given: shownGiven(points), wanted: "at least one [step, weight]" }];
  if (points.length === 0) return [{ field: "points", given: "empty", wanted: "at least one [step, weight]" }];
  const odd = points.findIndex((point) => !Array.isArray(point) || point.length !== 2);
  if (odd >= 0) return [{ field: `points[${odd}]`, given: shownGiven(points[odd]), wanted: "[step, weight]" }];
  return points.flatMap(([step, weight], at): readonly ConfigurationProblem[] => {
    const field = `points[${at}]`;
    const given = `[${String(step)}, ${String(weight)}]`;
    if (!Number.isFinite(step) || !Number.isFinite(weight)) return [{ field, given, wanted: "two finite numbers" }];
    const before = points[at - 1]?.[0];
    return before !== undefined && !(step > before) ? [{ field, given, wanted: `a step after ${before}` }] : [];
  });
};

/**
 * A weight that goes by the step: straight lines between points, level before the first and after the last.
 *
 *     w(t) = w_k + (w_k+1 - w_k) * (t - t_k) / (t_k+1 - t_k)        t_k <= t <= t_k+1
 *
 * For a weight that jumps, write the function: `(step) => (step < 100 ? 1 : 0)`.
 *
 * @throws ConfigurationError if there is no point, one is not of finite numbers, or the steps do not increase.
 * @example
 * import { accuracy, curriculum, format, weightedSum } from "@msrl/rewards";
 * const weight = curriculum([[100, 1], [300, 0.2]]);
 * assert.deepStrictEqual([0, 100, 200, 300, 999].map(weight), [1, 1, 0.6, 0.2, 0.2]);
 * weightedSum({
 *   accuracy: { reward: accuracy(), weight: 1 },
 *   format: { reward: format({ tags: ["think", "answer"] }), weight },
 * });
 * @since 0.1.0
 */
export const curriculum = (points: readonly CurriculumPoint[]): ((step: number) => number) => {
  const problems = problemsOf(points);
  if (problems.length > 0) throw configurationError("curriculum", problems);
  return (step) => {
    const next = points.findIndex(([at]) => at > step);
    if (next <= 0) return (next === 0 ? points[0] : points.at(-1))![1];
    const [[from, low], [to, high]] = [points[next - 1]!, points[next]!];
    return low + ((high - low) * (step - from)) / (to - from);
  };
};
