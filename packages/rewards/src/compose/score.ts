import type { Mark, Score } from "@msrl/core";

const present = (
  entries: readonly (readonly [string, string | undefined])[],
): Readonly<Record<string, string>> | undefined => {
  const given = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
};

/** A score out of the marks of named parts: the total of their values, each part's value, reason and failure. */
export const scoreWith = (
  names: readonly string[],
  marks: readonly Mark[],
  total: (values: readonly (number | null)[]) => number | null,
): Score => {
  const reasons = present(names.map((name, at) => [name, marks[at]?.reason]));
  const failures = present(names.map((name, at) => [name, marks[at]?.failure]));
  return {
    value: total(marks.map(({ value }) => value)),
    parts: Object.fromEntries(names.map((name, at) => [name, marks[at]?.value ?? null])),
    ...(reasons && { reasons }),
    ...(failures && { failures }),
  };
};

/** The sum over parts that apply and count; null if there is none. */
export const weighted = (weights: readonly number[], values: readonly (number | null)[]): number | null => {
  let total: number | null = null;
  for (const [at, weight] of weights.entries()) {
    const value = values[at] ?? null;
    if (value !== null && weight !== 0) total = (total ?? 0) + weight * value;
  }
  return total;
};
