import type { Verdict } from "../parse/verdicts/verdictFormat.js";

// White space is bounded everywhere: without a bound a megabyte of spaces takes its square in time.
const subject =
  "(?:answer|response|image|video|option|candidate|assistant)?\\s{0,3}[\\(\\[\"'*]{0,2}\\b(a|b|1|2)\\b[\\)\\]\"'*]{0,2}";
const better =
  "(?:is|was|seems|looks)\\s{1,3}(?:clearly|overall|slightly|much|therefore|the)?\\s{0,3}(?:better|best|superior|preferable|preferred|stronger|winner|more\\s{1,3}\\w{1,20})";
const statements = new RegExp(
  `${subject}\\s{1,3}${better}|(?:choose|prefer|pick|favou?r|select|winner\\s{1,3}is|better\\s{1,3}(?:answer|response|one|image|video)\\s{1,3}is)\\s{1,3}(?:the\\s{1,3})?${subject}`,
  "gi",
);
const ties = /\b(?:equally\s{1,3}good|both\s{1,3}are\s{1,3}equal|it\s{1,3}is\s{1,3}a\s{1,3}tie)\b/gi;

/**
 * What a piece of reasoning says last of which answer is better, in so many words ("B is better", "I prefer answer 1");
 * `null`: nothing of the kind. English; a rule, with a rule's misses. Linear in the length of the text.
 *
 * @example
 * import { lastPreference } from "@msrl/rewards";
 * const said = ["A is better. No, (B) is clearly better.", "I choose answer 1", "They are equally good.", "Both are fine."];
 * assert.deepStrictEqual(said.map(lastPreference), ["B", "A", "tie", null]);
 * @since 0.1.0
 */
export const lastPreference = (reasoning: string): Verdict | null => {
  const said = [...reasoning.matchAll(statements)].at(-1);
  const tied = [...reasoning.matchAll(ties)].at(-1);
  if (tied && (!said || tied.index > said.index)) return "tie";
  const which = (said?.[1] ?? said?.[2])?.toLowerCase();
  if (which === undefined) return null;
  return which === "a" || which === "1" ? "A" : "B";
};
