import type { Reward } from "@msrl/core";
import { perCompletion } from "../compose/perCompletion.js";

const [open, close] = ["<think>", "</think>"];

const problemWith = (text: string): string | undefined => {
  if (!text.startsWith(open)) return "does not begin with <think>";
  if (text.indexOf(open, open.length) >= 0) return "a second <think>";
  return text.includes(close) ? undefined : "<think> is not closed";
};

/**
 * Whether a completion thinks first: 1 if it begins with `<think>`, closes it, and opens no second one, else 0.
 *
 * Anything may follow, `</think>` included; a space or byte order mark before `<think>` fails. As TRL's
 * `think_format_reward`; `format({ tags })` also asks for what follows and that nothing else does. Linear.
 *
 * @example
 * import { toPromise } from "@msrl/core";
 * import { thinkFormat } from "@msrl/rewards";
 * const completion = { text: "<think>so</think>\n42", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(thinkFormat()([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const thinkFormat = (): Reward<unknown> =>
  perCompletion("thinkFormat", (text) => {
    const problem = problemWith(text);
    return problem === undefined ? 1 : { value: 0, reason: problem };
  });
