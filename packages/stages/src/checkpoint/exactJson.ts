import type { Json } from "./checkpoint.js";

const tag = "$number";
const special: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

/** Whether an object looks like our mark of a special number, with any count of `$` before it. */
const isMark = (name: string): boolean => /^\$+number$/.test(name);

const nameOf = (value: number): string | undefined =>
  Object.keys(special).find((name) => Object.is(special[name], value));

const mark = (value: Json): Json => {
  if (typeof value === "number") {
    const name = nameOf(value);
    return name === undefined ? value : { [tag]: name };
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(mark);
  const entries = Object.entries(value as Record<string, Json>).map(([name, item]) => [name, mark(item)] as const);
  const only = entries.length === 1 ? entries[0] : undefined;
  return only !== undefined && isMark(only[0]) ? { [`$${only[0]}`]: only[1] } : Object.fromEntries(entries);
};

const unmark = (value: Json): Json => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unmark);
  const entries = Object.entries(value as Record<string, Json>);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined && isMark(only[0]))
    return only[0] === tag ? (special[String(only[1])] ?? null) : { [only[0].slice(1)]: unmark(only[1]) };
  return Object.fromEntries(entries.map(([name, item]) => [name, unmark(item)]));
};

/**
 * JSON text that keeps every number: NaN, infinities and -0 are written as `{"$number": "NaN"}`.
 *
 * Law: `fromExactJson(toExactJson(value))` is `value`.
 */
export const toExactJson = (value: Json): string => JSON.stringify(mark(value));

/** The value of a text made by {@link toExactJson}; throws SyntaxError if it is not JSON. */
export const fromExactJson = (text: string): Json => unmark(JSON.parse(text) as Json);
