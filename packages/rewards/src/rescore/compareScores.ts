import type { SavedRollout, Score } from "@msrl/core";

/** A value's mean over the completions that it applies to (`null` if there is none), and how many they are. */
export interface Average {
  readonly mean: number | null;
  readonly count: number;
}

/** A value before and after, and how many completions have another one. */
export interface ValueChange {
  readonly before: Average;
  readonly after: Average;
  readonly changed: number;
}

/** A completion that would be learned from otherwise. */
export interface CompletionChange {
  readonly step: number;
  readonly prompt: string;
  /** Its place in the group, from 0. */
  readonly at: number;
  readonly text: string;
  readonly before: Score;
  readonly after: Score;
  /** Its rank in the group: 1 + completions with a greater total; `null` without a total. */
  readonly ranks: readonly [before: number | null, after: number | null];
  /** Whether its total is below (-1), at (0) or above (1) the mean of the group: the sign of its advantage; 0 without a total. */
  readonly signs: readonly [before: number, after: number];
}

/** What changes when a run is scored in another way. */
export interface ScoreChange {
  readonly groups: number;
  readonly completions: number;
  readonly total: ValueChange;
  readonly parts: Readonly<Record<string, ValueChange>>;
  /** Groups whose order changed. */
  readonly reordered: number;
  /** Completions whose advantage has another sign. */
  readonly turned: number;
  /** Completions whose rank or sign changed, in the order of the run. */
  readonly changes: readonly CompletionChange[];
}

type Value = number | null;

const isNumber = (value: Value): value is number => value !== null;

const average = (values: readonly Value[]): Average => {
  const known = values.filter(isNumber);
  const sum = known.reduce((a, b) => a + b, 0);
  return { mean: known.length > 0 ? sum / known.length : null, count: known.length };
};

const changeOf = (before: readonly Value[], after: readonly Value[]): ValueChange => ({
  before: average(before),
  after: average(after),
  changed: before.filter((value, at) => value !== after[at]).length,
});

const ranksOf = (values: readonly Value[]): readonly (number | null)[] =>
  values.map((value) =>
    value === null ? null : 1 + values.filter((other) => isNumber(other) && other > value).length,
  );

/** Signs of the distances to the mean; what only rounding tells from the mean is at it. */
const signsOf = (values: readonly Value[]): readonly number[] => {
  const known = values.filter(isNumber);
  const sum = known.reduce((a, b) => a + b, 0);
  const rounding = 1e-12 * known.length * known.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.map((value) => {
    const distance = value === null ? 0 : value * known.length - sum;
    return Math.abs(distance) <= rounding ? 0 : Math.sign(distance);
  });
};

/** The completions of a group whose rank or sign changed. */
const groupChanges = (before: SavedRollout, after: SavedRollout): readonly CompletionChange[] => {
  const totals = [before, after].map(({ completions }) => completions.map(({ score }) => score.value));
  const [ranks, signs] = [totals.map(ranksOf), totals.map(signsOf)];
  return before.completions.flatMap(({ text, score }, at): readonly CompletionChange[] => {
    const change: CompletionChange = {
      step: before.step,
      prompt: before.prompt.id,
      at,
      text,
      before: score,
      after: after.completions[at]!.score,
      ranks: [ranks[0]![at]!, ranks[1]![at]!],
      signs: [signs[0]![at]!, signs[1]![at]!],
    };
    return change.ranks[0] === change.ranks[1] && change.signs[0] === change.signs[1] ? [] : [change];
  });
};

const scoresOf = (rollouts: readonly SavedRollout[]): readonly Score[] =>
  rollouts.flatMap(({ completions }) => completions.map(({ score }) => score));

/**
 * What changes between two scorings of the same rollouts: of the total and of every part the mean and how many values
 * are others, and the completions that would be learned from otherwise.
 *
 * A part that only one of them has is `null` in the other.
 *
 * @example
 * import { compareScores } from "@msrl/rewards";
 * const run = (...values: number[]) => [{
 *   step: 0,
 *   prompt: { id: "q1", messages: [] },
 *   completions: values.map((value) => ({ text: "", score: { value, parts: { length: value } } })),
 *   reference: {},
 * }];
 * const { total, reordered, turned } = compareScores(run(1, 0), run(0, 3));
 * assert.deepStrictEqual([total.before.mean, total.after.mean, reordered, turned], [0.5, 1.5, 1, 2]);
 * @since 0.1.0
 */
export const compareScores = (before: readonly SavedRollout[], after: readonly SavedRollout[]): ScoreChange => {
  const [old, now] = [scoresOf(before), scoresOf(after)];
  const names = [...new Set([...old, ...now].flatMap(({ parts }) => Object.keys(parts)))];
  const part = (scores: readonly Score[], name: string) => scores.map(({ parts }) => parts[name] ?? null);
  const byGroup = before.map((rollout, at) => groupChanges(rollout, after[at]!));
  const changes = byGroup.flat();
  return {
    groups: before.length,
    completions: old.length,
    total: changeOf(
      old.map(({ value }) => value),
      now.map(({ value }) => value),
    ),
    parts: Object.fromEntries(names.map((name) => [name, changeOf(part(old, name), part(now, name))])),
    reordered: byGroup.filter((group) => group.some(({ ranks }) => ranks[0] !== ranks[1])).length,
    turned: changes.filter(({ signs }) => signs[0] !== signs[1]).length,
    changes,
  };
};
