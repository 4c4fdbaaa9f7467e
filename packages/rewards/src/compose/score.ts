import type { Mark, Score } from "@msrl/core";

type Texts = Readonly<Record<string, string>>;

/** The texts of those marks that have one, by name; `undefined` where none has. A loop, since every completion passes here. */
const texts = (names: readonly string[], marks: readonly Mark[], field: "reason" | "failure"): Texts | undefined => {
  let found: Record<string, string> | undefined;
  for (let at = 0; at < names.length; at++) {
    const text = marks[at]?.[field];
    if (text === undefined) continue;
    found ??= {};
    found[names[at]!] = text;
  }
  return found;
};

/** A score out of the marks of named parts: the total of their values, each part's value, reason and failure. */
export const scoreWith = (
  names: readonly string[],
  marks: readonly Mark[],
  total: (values: readonly (number | null)[]) => number | null,
): Score => {
  const [reasons, failures] = [texts(names, marks, "reason"), texts(names, marks, "failure")];
  const parts: Record<string, number | null> = {};
  for (let at = 0; at < names.length; at++) parts[names[at]!] = marks[at]?.value ?? null;
  const value = total(marks.map((mark) => mark.value));
  if (failures === undefined) return reasons === undefined ? { value, parts } : { value, parts, reasons };
  return reasons === undefined ? { value, parts, failures } : { value, parts, reasons, failures };
};

/** The sum over parts that apply and count; null if there is none. */
export const weighted = (weights: readonly number[], values: readonly (number | null)[]): number | null => {
  let total: number | null = null;
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at]!;
    const value = values[at] ?? null;
    if (value !== null && weight !== 0) total = (total ?? 0) + weight * value;
  }
  return total;
};
