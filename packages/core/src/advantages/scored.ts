import { type Tagged, tagged } from "../errors.js";
import type { PerCompletion, PerToken, ScoredGroups } from "./advantage.js";

/** Scored groups that an estimator cannot read: which field, what stands there, what it needs. */
export type BadScores = Tagged<
  "BadScores",
  { readonly field: string; readonly given: string; readonly wanted: string }
>;

/** The error of scored groups that cannot be read. */
export const badScores = (where: string, field: string, given: string, wanted: string): BadScores =>
  tagged("BadScores", `${where}: ${field} is ${given}, wanted ${wanted}`, { field, given, wanted });

const isInfinite = (value: number | null): boolean =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

/** Throws where a reward is infinite: no estimator can make anything of it. `null` and NaN mean that none applied. */
export const refuseInfinite = (where: string, rewards: PerCompletion<number | null>, field = "rewards"): void => {
  for (let g = 0; g < rewards.length; g++) {
    const group = rewards[g]!;
    for (let i = 0; i < group.length; i++)
      if (isInfinite(group[i]!))
        throw badScores(where, `${field}[${g}][${i}]`, `${group[i]}`, "a finite number, null or NaN");
  }
};

/** A number of a token that is read, if it is finite. */
export const finiteAt = (
  where: string,
  field: string,
  value: number,
  [g, i, t]: readonly [group: number, completion: number, token: number],
): number => {
  if (!Number.isFinite(value)) throw badScores(where, `${field}[${g}][${i}][${t}]`, `${value}`, "a finite number");
  return value;
};

/** A field with one value a completion, if it is there and shaped as the rewards are. */
export const perCompletion = <Value>(
  where: string,
  field: string,
  { rewards }: ScoredGroups,
  values: PerCompletion<Value> | undefined,
): PerCompletion<Value> => {
  if (values === undefined) throw badScores(where, field, "not given", "one value a completion");
  if (values.length !== rewards.length)
    throw badScores(where, field, `of length ${values.length}`, `${rewards.length}, one for each group of rewards`);
  for (const [g, group] of rewards.entries())
    if (values[g]!.length !== group.length)
      throw badScores(
        where,
        `${field}[${g}]`,
        `of length ${values[g]!.length}`,
        `${group.length}, one for each reward`,
      );
  return values;
};

const tokenFields = [
  "tokenMask",
  "tokenRewards",
  "tokenKl",
  "values",
  "tokenLogProbs",
  "tokenCollisions",
  "samplerRatios",
] as const;

/** The tokens of each completion: as given, or else as many as any field has that is given a token. */
export const lengthsOf = (where: string, scored: ScoredGroups): PerCompletion<number> => {
  const rows = tokenFields.map((field) => scored[field]).find((field) => field !== undefined);
  const counted = scored.lengths ?? rows?.map((group) => group.map((row) => row.length));
  const lengths = perCompletion(where, "lengths", scored, counted);
  for (const [g, group] of lengths.entries())
    for (const [i, length] of group.entries())
      if (!(Number.isInteger(length) && length >= 0))
        throw badScores(where, `lengths[${g}][${i}]`, `${length}`, "a whole number of at least 0");
  return lengths;
};

/** A field with one number a token, checked against the lengths; `undefined` if it is not there. */
export const perToken = (
  where: string,
  field: (typeof tokenFields)[number],
  scored: ScoredGroups,
  lengths: PerCompletion<number>,
): PerToken | undefined => {
  if (scored[field] === undefined) return undefined;
  const rows = perCompletion(where, field, scored, scored[field]);
  for (const [g, group] of rows.entries())
    for (const [i, row] of group.entries())
      if (row.length !== lengths[g]![i])
        throw badScores(
          where,
          `${field}[${g}][${i}]`,
          `of length ${row.length}`,
          `${lengths[g]![i]}, one for each token`,
        );
  return rows;
};

/** The same, of a field that has to be there. */
export const neededPerToken = (...[where, field, scored, lengths]: Parameters<typeof perToken>): PerToken => {
  const rows = perToken(where, field, scored, lengths);
  if (rows === undefined) throw badScores(where, field, "not given", "one number a token of each completion");
  return rows;
};

/** How many tokens of each completion the policy wrote. */
export const ownTokens = (where: string, scored: ScoredGroups): PerCompletion<number> => {
  const lengths = lengthsOf(where, scored);
  const mask = perToken(where, "tokenMask", scored, lengths);
  return mask ? mask.map((group) => group.map((row) => row.filter((own) => own !== 0).length)) : lengths;
};
