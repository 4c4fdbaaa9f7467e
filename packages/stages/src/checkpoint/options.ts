import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { CheckpointError } from "./checkpoint.js";

/** A field, what was given for it, whether that will do, and what was wanted. */
export type Check = readonly [field: string, given: unknown, good: boolean, wanted: string];

/** Whether a value can count steps. */
export const isCount = (value: unknown, least = 0): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

const optionError = (message: string, [field, given, , wanted]: Check): CheckpointError =>
  tagged("CheckpointOption", message, { field, given, wanted });

/** The first check that fails, or an option that is not known, as an error that names it. */
export const checkOptions = (
  what: string,
  options: object,
  known: readonly string[],
  checks: readonly Check[],
): E.Either<CheckpointError, null> => {
  const wanted = `one of ${known.join(", ")}`;
  const stray = Object.entries(options).find(([name]) => !known.includes(name));
  if (stray)
    return E.left(optionError(`${what}: unknown option ${stray[0]}, wanted ${wanted}`, [...stray, false, wanted]));
  const failed = checks.find(([, , good]) => !good);
  if (!failed) return E.right(null);
  return E.left(optionError(`${what}: ${failed[0]} is ${shown(failed[1])}, wanted ${failed[3]}`, failed));
};
