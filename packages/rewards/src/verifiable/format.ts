import type { Reward } from "@msrl/core";
import { perCompletion } from "../compose/perCompletion.js";
import type { ParsedTags, ParseOptions } from "../parse/parseTags.js";
import { tagParser } from "../parse/parseTags.js";
import { tagTokens } from "../parse/tagTokens.js";

const blank = (text: string, from: number, to: number): boolean => from === to || text.slice(from, to).trim() === "";

/** Whether a completion is right without a doubt: these tags in turn, opened and closed, and no other tag of theirs. */
const isRight = ({ tags, caseSensitive = true }: ParseOptions, text: string): boolean => {
  if (!caseSensitive) return false;
  let [place, end] = [0, 0];
  for (const { tag, closes, start, end: after } of tagTokens(text)) {
    if (tag !== tags[place >> 1] || closes !== (place & 1) > 0) {
      if (tags.includes(tag)) return false;
      continue;
    }
    if (!closes && !blank(text, end, start)) return false;
    end = after;
    place++;
  }
  return place === 2 * tags.length && blank(text, end, text.length);
};

/** What is wrong with the form of a completion; `undefined`: nothing. */
const problemWith = ({ tags }: ParseOptions, { blocks, counts, strays, outside }: ParsedTags): string | undefined => {
  const missing = tags.find((tag) => counts.get(tag) === 0);
  if (missing !== undefined) return `<${missing}> is missing`;
  const twice = tags.find((tag) => (counts.get(tag) ?? 0) > 1);
  if (twice !== undefined) return `<${twice}> more than once`;
  if (strays > 0) return "a tag that opens or closes nothing";
  const wrong = tags.find((tag, at) => blocks[at]?.tag !== tag || blocks[at].start < (blocks[at - 1]?.end ?? 0));
  if (wrong !== undefined) return `<${wrong}> out of its place`;
  return outside.trim() === "" ? undefined : "text outside the tags";
};

/**
 * Whether a completion is its asked tags and nothing else: each once, in this order, none inside another, only white
 * space around and between them. Total and linear; what CMKD filters traces with.
 *
 * @throws ConfigurationError if no tag is asked for, one twice, or one that cannot be a name.
 * @example
 * import { hasFormat } from "@msrl/rewards";
 * const right = hasFormat({ tags: ["think", "answer"] });
 * assert.deepStrictEqual([right("<think>..</think>\n<answer>A</answer>"), right("<answer>A</answer><think>..</think>")], [true, false]);
 * @since 0.1.0
 */
export const hasFormat = (options: ParseOptions): ((text: string) => boolean) => {
  const parse = tagParser("hasFormat", options);
  return (text) => isRight(options, text) || problemWith(options, parse(text)) === undefined;
};

/**
 * The format reward: 1 if the completion is the asked tags in order, once each, and nothing outside them, else 0.
 *
 * Stages of MSRL ask for `think answer`, `type think answer` or `type caption think answer`. What stands inside the
 * tags is the business of `accuracy` and `taskType`. MSRL (2026), https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError if no tag is asked for, one twice, or one that cannot be a name.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { format } from "@msrl/rewards";
 * const completion = { text: "<think>red</think><answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const scored = format({ tags: ["think", "answer"] })([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]);
 * assert.deepStrictEqual(await toPromise(scored), [1]);
 * @since 0.1.0
 */
export const format = (options: ParseOptions): Reward<unknown> => {
  const parse = tagParser("format", options);
  return perCompletion("format", (text) => {
    if (isRight(options, text)) return 1;
    const problem = problemWith(options, parse(text));
    return problem === undefined ? 1 : { value: 0, reason: problem };
  });
};
