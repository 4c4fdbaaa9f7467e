import type { AnswerReader } from "../verifiable/answer.js";
import { parseMaths } from "./parseMaths.js";
import { sameMaths } from "./sameMaths.js";

const boxes = /\\(?:boxed|fbox)\s*\{/g;

/** Only so many boxes are read: a bound on the work that a text can ask for. */
const mostBoxes = 50;

/** Where the brace that opens before a place is closed; -1: nowhere near. */
const closingBrace = (text: string, from: number, limit: number): number => {
  let depth = 1;
  const end = Math.min(text.length, from + limit);
  for (let at = from; at < end; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
};

/** The contents of `\boxed{..}` in a text, in order, closed ones only, of moderate length. Linear. */
export const boxed = (text: string): readonly string[] => {
  const found: string[] = [];
  for (const match of text.matchAll(boxes)) {
    const start = match.index + match[0].length;
    const end = closingBrace(text, start, 2000);
    if (end >= 0) found.push(text.slice(start, end));
    if (found.length > mostBoxes) return [];
  }
  return found;
};

const anchored =
  /final answer(?: is)?\s*:?\s*(?:\$([^$]{1,1000})\$|\\\(([\s\S]{1,1000}?)\\\)|\\\[([\s\S]{1,1000}?)\\\])/gi;

/**
 * Finds the answer of a mathematical text: what is in `\boxed{..}`, or a formula after "final answer is".
 *
 * Several boxes have to say the same: a model that boxes two answers has given none. A number that is not announced is
 * none either.
 *
 * @example
 * import { readMaths } from "@msrl/rewards";
 * assert.deepStrictEqual(["So \\boxed{1/2}.", "The final answer is $42$.", "42", "\\boxed{1} or \\boxed{2}"].map(readMaths), ["1/2", "42", null, null]);
 * @since 0.1.0
 */
export const readMaths: AnswerReader = (text) => {
  const found = boxed(text);
  if (found.length > 0) {
    const [first, ...others] = found as [string, ...string[]];
    const parsed = parseMaths(first);
    const same = (other: string): boolean => {
      const next = parseMaths(other);
      return parsed && next ? sameMaths(parsed, next) : other.trim() === first.trim();
    };
    return others.every(same) ? first : null;
  }
  const announced = [...text.slice(-4000).matchAll(anchored)].at(-1);
  return announced ? (announced[1] ?? announced[2] ?? announced[3] ?? null) : null;
};
