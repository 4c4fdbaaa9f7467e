import { checkOptions, type Rule } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import type { AnswerReader } from "./answer.js";

/** Settings of {@link afterReasoning}. */
export interface AfterReasoningOptions {
  /** How the answer is found in what follows the reasoning. */
  readonly read: AnswerReader;
  /** What ends the reasoning; `</think>` by default. */
  readonly delimiters?: readonly string[];
}

const delimitersRule: Rule = {
  wanted: "one or more texts",
  fits: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string" && each !== ""),
};

/**
 * A reader that looks behind the reasoning only: an answer inside it counts for nothing, and without an end of the
 * reasoning there is none.
 *
 * It reads what follows the last of the delimiters, as TRL's `reasoning_accuracy_reward` does.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { afterReasoning, readMaths } from "@msrl/rewards";
 * const read = afterReasoning({ read: readMaths });
 * assert.deepStrictEqual(["<think>\\boxed{1}</think> \\boxed{2}", "<think>\\boxed{1}"].map(read), ["2", null]);
 * @since 0.1.0
 */
export const afterReasoning = (options: AfterReasoningOptions): AnswerReader => {
  const rules = { read: callable, delimiters: delimitersRule };
  const { read, delimiters } = checkOptions<Required<AfterReasoningOptions>>(
    "afterReasoning",
    rules,
    { delimiters: ["</think>"] },
    options,
  );
  return (completion) => {
    const ends = delimiters.map((delimiter) => {
      const at = completion.lastIndexOf(delimiter);
      return at < 0 ? -1 : at + delimiter.length;
    });
    const end = Math.max(...ends);
    return end < 0 ? null : read(completion.slice(end));
  };
};
