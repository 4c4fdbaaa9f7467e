import type { ScoredGroups } from "@msrl/core/advantages";
import fc from "fast-check";
import { expect } from "vitest";

/** Scored groups with what most estimators may read. */
export type FullGroups = Required<Omit<ScoredGroups, "tokenLogProbs" | "tokenCollisions" | "samplerRatios">>;

type Row = {
  readonly reward: number | null;
  readonly parts: readonly (number | null)[];
  readonly tokens: readonly (readonly [own: number, reward: number, kl: number, value: number])[];
};

const small = fc.integer({ min: -8, max: 8 });

/** Rows in groups to the fields of scored groups. */
const assemble = (groups: readonly (readonly Row[])[], greedy: readonly number[]): FullGroups => {
  const rows = <Value>(of: (row: Row) => Value) => groups.map((group) => group.map(of));
  const field = (at: number) => rows(({ tokens }) => tokens.map((token) => token[at]!));
  return {
    rewards: rows(({ reward }) => reward),
    lengths: rows(({ tokens }) => tokens.length),
    tokenMask: field(0),
    tokenRewards: field(1),
    tokenKl: field(2),
    values: field(3),
    greedyRewards: groups.map((_, g) => greedy[g % greedy.length]!),
    parts: { a: rows(({ parts }) => parts[0]!), b: rows(({ parts }) => parts[1]!) },
  };
};

/** What {@link scoredGroups} may draw. */
export interface ScoredGroupsOptions {
  readonly reward?: fc.Arbitrary<number | null>;
  readonly minSize?: number;
  readonly groups?: number;
  /** Whether tokens of others and empty completions are among them. */
  readonly masks?: boolean;
}

/** Scored groups of small whole numbers: sums of them are exact. */
export const scoredGroups = ({ reward, minSize = 0, groups = 5, masks = true }: ScoredGroupsOptions = {}) => {
  const one = reward ?? fc.option(small, { nil: null, freq: 6 });
  const token = fc.tuple(masks ? fc.constantFrom(1, 1, 1, 0) : fc.constant(1), small, small, small);
  const tokens = fc.array(token, { minLength: masks ? 0 : 1, maxLength: 4 });
  const row = fc.record({ reward: one, parts: fc.tuple(one, one), tokens });
  return fc
    .tuple(
      fc.array(fc.array(row, { minLength: minSize, maxLength: 5 }), { maxLength: groups }),
      fc.array(small, { minLength: 1, maxLength: 3 }),
    )
    .map(([rows, greedy]) => assemble(rows, greedy));
};

/** Every field, its completions (and groups) put in another order. */
export const reorder = (scored: FullGroups, order: (g: number, size: number) => readonly number[]): FullGroups => {
  const within = <Value>(field: readonly (readonly Value[])[]) =>
    field.map((group, g) => order(g, group.length).map((i) => group[i]!));
  const { rewards, lengths, tokenMask, tokenRewards, tokenKl, values, greedyRewards, parts } = scored;
  return {
    rewards: within(rewards),
    lengths: within(lengths),
    tokenMask: within(tokenMask),
    tokenRewards: within(tokenRewards),
    tokenKl: within(tokenKl),
    values: within(values),
    greedyRewards,
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, within(part)])),
  };
};

/** The same with every reward mapped; `null` stays. */
export const mapRewards = <Scored extends ScoredGroups>(
  scored: Scored,
  to: (reward: number, g: number) => number,
): Scored => ({
  ...scored,
  rewards: scored.rewards.map((group, g) => group.map((reward) => (reward === null ? null : to(reward, g)))),
});

/** All numbers of an estimator's result, in order. */
export const numbersOf = (advantages: readonly (readonly (number | readonly number[])[])[]): readonly number[] =>
  advantages.flat(2) as readonly number[];

/** Expects |a - e| <= atol + rtol |e|. */
export const expectClose = (actual: readonly number[], wanted: readonly number[], rtol = 1e-9, atol = 1e-10) => {
  expect(actual.length).toBe(wanted.length);
  const off = actual.flatMap((a, at) =>
    Math.abs(a - wanted[at]!) <= atol + rtol * Math.abs(wanted[at]!) ? [] : [`${at}: ${a}, wanted ${wanted[at]}`],
  );
  expect(off).toEqual([]);
};

/** Log-probabilities and collisions of tokens, made from their values, whatever those are. */
export const withTokens = <Scored extends ScoredGroups>(scored: Scored) => {
  const per = (of: (value: number) => number) => scored.values!.map((group) => group.map((row) => row.map(of)));
  return {
    ...scored,
    tokenLogProbs: per((value) => -(value + 9) / 8),
    tokenCollisions: per((value) => Math.exp(-(value + 9) / 4) + value / 1024),
  };
};
