import type { Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { type AnswerReader, readAnswer } from "../verifiable/answer.js";
import { perGroup } from "./perGroup.js";

/** Settings of {@link selfConsistency}. */
export interface SelfConsistencyOptions {
  /** What is voted on: by default the `<answer>` block, letter case and white space at its ends apart. */
  readonly read?: AnswerReader;
}

const plainAnswer: AnswerReader = (text) => readAnswer(text)?.trim().toLowerCase() ?? null;

/**
 * Whether a completion says what most of its group say.
 *
 *     r = 1 if its answer has the most votes of the group, alone
 *         0 if another has, or it has no readable answer
 *         null where two answers share the most votes, or none is readable: there is no majority
 *
 * It needs no gold label, and rewards a group for agreeing, right or wrong: keep an eye on the entropy.
 *
 * TTRL (2025), https://arxiv.org/abs/2504.16084; Self-Consistency (2022), https://arxiv.org/abs/2203.11171.
 *
 * @example
 * import { toPromise } from "@msrl/core";
 * import { selfConsistency } from "@msrl/rewards";
 * const judged = (text: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text, tokenIds: [], logProbs: [], truncated: false },
 *   reference: {},
 * });
 * const batch = ["<answer>A</answer>", "<answer>B</answer>", "<answer>a</answer>"].map(judged);
 * assert.deepStrictEqual(await toPromise(selfConsistency()(batch)), [1, 0, 1]);
 * @since 0.1.0
 */
export const selfConsistency = (options: SelfConsistencyOptions = {}): Reward<unknown> => {
  const { read } = checkOptions<Required<SelfConsistencyOptions>>(
    "selfConsistency",
    { read: callable },
    { read: plainAnswer },
    options,
  );
  return perGroup<unknown>("selfConsistency", (group) => {
    const answers = group.map(({ completion }) => read(completion.text));
    const votes = new Map<string, number>();
    for (const answer of answers) if (answer !== null) votes.set(answer, (votes.get(answer) ?? 0) + 1);
    const most = Math.max(0, ...votes.values());
    const leaders = [...votes].filter(([, count]) => count === most);
    if (leaders.length !== 1) return group.map(() => null);
    const [leader] = leaders[0]!;
    const reason = `${most} of ${group.length} say ${leader.slice(0, 40)}`;
    return answers.map((answer) => ({ value: answer === leader ? 1 : 0, reason }));
  });
};
