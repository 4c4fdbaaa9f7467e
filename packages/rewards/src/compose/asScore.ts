import type { Mark, Score } from "@msrl/core";
import { record } from "./arguments.js";

/** A mark as the score of a reward of one part. */
export const scoreOfMark = (name: string, { value, reason, failure }: Mark): Score => ({
  value,
  parts: { [name]: value },
  ...(reason !== undefined && { reasons: { [name]: reason } }),
  ...(failure !== undefined && { failures: { [name]: failure } }),
});

const isValue = (value: unknown): value is number | null => value === null || Number.isFinite(value);

/** What a reward of either kind gave for a completion, as a score; what is no value of one is a failure. */
export const asScore = (name: string, given: unknown): Score => {
  if (isValue(given)) return scoreOfMark(name, { value: given });
  const object = record.fits(given) ? (given as Readonly<Record<string, unknown>>) : undefined;
  const { value, parts } = object ?? { value: given, parts: undefined };
  const known = record.fits(parts) ? (Object.values(parts as object).every(isValue) ? parts : undefined) : {};
  if (object && isValue(value) && known !== undefined) return { ...object, parts: known } as Score;
  return { value: null, parts: {}, failures: { [name]: `given ${String(value)}, wanted a finite number or null` } };
};
