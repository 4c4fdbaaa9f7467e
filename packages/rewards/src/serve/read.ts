import { badField, refusal } from "./refusal.js";

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a value of JSON is an object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object that a request's body has to be. */
export const bodyOf = (body: unknown): Json => {
  if (!isObject(body)) throw refusal(400, "BadRequest", "the body cannot be used, wanted a JSON object");
  return body;
};

/** A list of at most `limit`. */
export const listAt = (value: unknown, field: string, limit: number): readonly unknown[] => {
  if (!Array.isArray(value)) throw badField(field, "a list");
  if (value.length <= limit) return value;
  throw refusal(413, "TooMany", `${field} has ${value.length} entries, at most ${limit} are taken`, { field });
};

/** A text. */
export const textAt = (value: unknown, field: string): string => {
  if (typeof value !== "string") throw badField(field, "a text");
  return value;
};

/** A whole number of at least 0, or what stands for one that is not given. */
export const wholeAt = (value: unknown, field: string, otherwise: number): number => {
  if (value === undefined || value === null) return otherwise;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badField(field, "a whole number of at least 0");
  return value as number;
};
