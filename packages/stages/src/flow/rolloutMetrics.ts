import type { ScoredRollout } from "./score.js";

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

const known = (values: readonly (number | null | undefined)[]): readonly number[] =>
  values.filter((value): value is number => typeof value === "number");

/**
 * What a report draws of a step's rollouts: `reward` (mean total), `reward/<part>` (mean of each part before its
 * weight), `completion_length` in tokens, `truncated` (share), `zero_variance` (share of groups that teach nothing).
 */
export const rolloutMetrics = (scored: readonly ScoredRollout[]): Readonly<Record<string, number>> => {
  const scores = scored.flatMap((rollout) => rollout.scores);
  const completions = scored.flatMap((rollout) => rollout.completions);
  const parts = [...new Set(scores.flatMap((score) => Object.keys(score.parts)))];
  const flat = scored.filter(({ scores: own }) => new Set(known(own.map(({ value }) => value))).size <= 1);
  return {
    reward: mean(known(scores.map(({ value }) => value))),
    ...Object.fromEntries(parts.map((part) => [`reward/${part}`, mean(known(scores.map((score) => score.parts[part])))])),
    completion_length: mean(completions.map(({ tokenIds }) => tokenIds.length)),
    truncated: mean(completions.map(({ truncated }) => (truncated ? 1 : 0))),
    zero_variance: scored.length === 0 ? 0 : flat.length / scored.length,
  };
};
