import type { AnswerReader } from "../verifiable/answer.js";
import { parseMaths } from "./parseMaths.js";
import { sameMaths } from "./sameMaths.js";

const boxes = /\\(?:boxed|fbox)\s*\{/g;

/** Only so many boxes are read: a bound on the work that a text can ask for. */
const mostBoxes = 50;

/** Only so many different ones are compared. */
const mostDistinct = 8;

/** Longer contents are no answers. */
const longestBox = 2000;

/** The contents of `\boxed{..}` in a text, in order, closed ones only, of moderate length. Linear. */
export const boxed = (text: string): readonly string[] => {
  const starts = new Set<number>();
  const open: number[] = [];
  const found: { readonly start: number; readonly content: string }[] = [];
  const matches = text.matchAll(boxes);
  let next = matches.next().value;
  for (let at = next?.index ?? text.length; at < text.length; at++) {
    if (next && at === next.index) {
      at += next[0].length - 1;
      starts.add(at);
      open.push(at);
      next = matches.next().value;
    } else if (text[at] === "\\") {
      if (next?.index !== at + 1) at++;
    } else if (text[at] === "{") open.push(at);
    else if (text[at] === "}") {
      const start = open.pop();
      if (start === undefined || !starts.has(start) || at - start > longestBox) continue;
      found.push({ start, content: text.slice(start + 1, at) });
      if (found.length > mostBoxes) return [];
    }
  }
  return found.sort((a, b) => a.start - b.start).map(({ content }) => content);
};

const anchored =
  /final answer(?: is)?\s*:?\s*(?:\$([^$]{1,1000})\$|\\\(([\s\S]{1,1000}?)\\\)|\\\[([\s\S]{1,1000}?)\\\])/gi;

/**
 * Finds the answer of a mathematical text: what is in `\boxed{..}`, or a formula after "final answer is".
 *
 * Several boxes have to say the same, in at most eight ways: a model that boxes two answers has given none. A number that is not announced is
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
    const [first, ...others] = [...new Set(found.map((each) => each.trim()))] as [string, ...string[]];
    if (others.length >= mostDistinct) return null;
    const parsed = parseMaths(first);
    const same = (other: string): boolean => {
      const next = parseMaths(other);
      return parsed !== null && next !== null && sameMaths(parsed, next);
    };
    return others.every(same) ? first : null;
  }
  const announced = [...text.slice(-4000).matchAll(anchored)].at(-1);
  return announced ? (announced[1] ?? announced[2] ?? announced[3] ?? null) : null;
};
