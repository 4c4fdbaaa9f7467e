import type { Label } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import { tagName } from "../onlyBlock.js";
import { letterVerdict } from "./letterVerdict.js";

/** Reads which answer a completion finds better; `null`: unreadable. */
export type VerdictReader = (completion: string) => Label | null;

/** Settings of {@link verdict}. */
export interface VerdictOptions {
  /** The tag around the letter; `answer` by default. */
  readonly tag?: string;
}

/**
 * Reads a completion's verdict: the letter A or B, alone inside its only `<answer>` block.
 *
 * Letter case and white space around the letter do not matter. No block, two, one that is not closed, or anything but
 * the letter in it: `null`. Total and linear in the length of the text. It is the
 * reader of `letterVerdict`; accuracy, evaluation and voting read with it.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { verdict } from "@msrl/rewards";
 * const read = verdict();
 * assert.deepStrictEqual([read("<think>B?</think><answer> a </answer>"), read("A"), read("<answer>A or B</answer>")], ["A", null, null]);
 * @since 0.1.0
 */
export const verdict = (options: VerdictOptions = {}): VerdictReader => {
  const { tag } = checkOptions<Required<VerdictOptions>>("verdict", { tag: tagName }, { tag: "answer" }, options);
  const { read } = letterVerdict({ tag });
  return (completion) => read(completion) as Label | null;
};
