import type { Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { onlyBlock } from "../parse/onlyBlock.js";
import { letterVerdict } from "../parse/verdicts/letterVerdict.js";
import type { Verdict } from "../parse/verdicts/verdictFormat.js";
import type { AnswerReader } from "../verifiable/answer.js";
import { lastPreference } from "./lastPreference.js";

/** Settings of {@link reasoningConsistency}. */
export interface ReasoningConsistencyOptions {
  /** Finds the reasoning; by default the only `<think>` block. */
  readonly reasoning: AnswerReader;
  /** Reads what the reasoning concludes; by default {@link lastPreference}. */
  readonly concludes: (reasoning: string) => Verdict | null;
  /** How the verdict is read: the `read` of any verdict format. */
  readonly read: (completion: string) => Verdict | null;
}

/** Defaults of {@link reasoningConsistency}. */
export const reasoningConsistencyDefaults: ReasoningConsistencyOptions = {
  reasoning: onlyBlock({ tag: "think" }),
  concludes: lastPreference,
  read: letterVerdict({ ties: true }).read,
};

/**
 * Whether the verdict follows from the reasoning: 1, 0, or `null` where the reasoning concludes nothing readable.
 *
 * This is the rule; a judge in its place is a `referee` that sees the last lines of the reasoning. R1-Reward multiplies:
 * `gatedProduct`, result (1 + 0.5 consistency) + 0.5 format, so that consistency without a right answer pays nothing.
 *
 * R1-Reward (2025), https://arxiv.org/abs/2505.02835.
 *
 * @throws ConfigurationError with every option that is no function.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { reasoningConsistency } from "@msrl/rewards";
 * const judged = (text: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text, tokenIds: [], logProbs: [], truncated: false },
 *   reference: {},
 * });
 * const texts = ["<think>A is dull. B is better.</think><answer>B</answer>", "<think>A is better.</think><answer>B</answer>"];
 * assert.deepStrictEqual(await toPromise(reasoningConsistency()(texts.map(judged))), [1, 0]);
 * @since 0.1.0
 */
export const reasoningConsistency = (options: Partial<ReasoningConsistencyOptions> = {}): Reward<unknown> => {
  const rules = { reasoning: callable, concludes: callable, read: callable };
  const { reasoning, concludes, read } = checkOptions(
    "reasoningConsistency",
    rules,
    reasoningConsistencyDefaults,
    options,
  );
  return perCompletion<unknown>("reasoningConsistency", (text) => {
    const trace = reasoning(text);
    const concluded = trace === null ? null : concludes(trace);
    if (concluded === null) return null;
    const verdict = read(text);
    if (verdict === null) return { value: 0, reason: "no readable verdict" };
    return { value: verdict === concluded ? 1 : 0, reason: `the reasoning says ${concluded}, the verdict ${verdict}` };
  });
};
