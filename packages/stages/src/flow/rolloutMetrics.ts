import type { ScoredRollout } from "./score.js";

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

/** The mean under a name, or nothing where there is nothing to take the mean of. */
const named = (name: string, values: readonly number[]): Readonly<Record<string, number>> =>
  values.length === 0 ? {} : { [name]: mean(values) };

const known = (values: readonly (number | null | undefined)[]): readonly number[] =>
  values.filter((value): value is number => typeof value === "number");

/**
 * What a report draws of a step's rollouts: `reward` (mean total), `reward/<part>` (mean of each part before its
 * weight), `failed/<part>` (how many completions a part could not judge, where there are any), `completion_length` in tokens, `truncated` (share), `zero_variance` (share of groups that teach nothing). A
 * reward that applied to no completion of the step is left out.
 */
export const rolloutMetrics = (scored: readonly ScoredRollout[]): Readonly<Record<string, number>> => {
  const scores = scored.flatMap((rollout) => rollout.scores);
  const completions = scored.flatMap((rollout) => rollout.completions);
  const parts = [...new Set(scores.flatMap((score) => Object.keys(score.parts)))];
  const failures = scores.flatMap((score) => Object.keys(score.failures ?? {}));
  const flat = scored.filter(({ scores: own }) => new Set(known(own.map(({ value }) => value))).size <= 1);
  return {
    ...named("reward", known(scores.map(({ value }) => value))),
    ...Object.assign(
      {},
      ...parts.map((part) => named(`reward/${part}`, known(scores.map((score) => score.parts[part])))),
    ),
    ...Object.fromEntries(
      [...new Set(failures)].map((part) => [`failed/${part}`, failures.filter((other) => other === part).length]),
    ),
    completion_length: mean(completions.map(({ tokenIds }) => tokenIds.length)),
    truncated: mean(completions.map(({ truncated }) => (truncated ? 1 : 0))),
    zero_variance: scored.length === 0 ? 0 : flat.length / scored.length,
  };
};
