import type { Caption } from "@msrl/core";

/** What can be wrong with a caption. */
export const captionFlawNames = ["empty", "truncated", "refused", "leaksLabel"] as const;

/** One of {@link captionFlawNames}. */
export type CaptionFlaw = (typeof captionFlawNames)[number];

/** Settings of {@link captionFlaws}. */
export interface CaptionFlawOptions {
  /** Texts that name an answer: a caption that holds one as a whole word leaks. */
  readonly ids?: readonly string[];
  /** Further patterns of a leak. */
  readonly leaks?: readonly RegExp[];
  /** Further patterns of a refusal. */
  readonly refusals?: readonly RegExp[];
}

const side = "(?:\\(?[AB]\\)?|[12]|one|two|first|second)";
const answer = "(?:[Aa]nswer|[Rr]esponse|[Oo]ption|[Cc]hoice|[Cc]andidate|[Aa]ssistant|[Rr]eply)";
const media = "(?:images?|pictures?|photos?|videos?|clips?|ones?|captions?)";
const verdict = "(?:better|worse|best|preferred|preferable|superior|inferior|correct|chosen|rejected|the winner)";

/** Patterns of a caption that says which answer is better, or speaks of the answers at all. */
const leaks: readonly RegExp[] = [
  // answers by letter or number: "Response A", "option (B)", "Answer: B", "answer 1", "the second response"
  new RegExp(`\\b${answer}\\s*(?:is\\b|[:#-])?\\s*\\(?(?:[AB]|[12])\\b`),
  new RegExp(`\\b(?:first|second|chosen|rejected|better|preferred|correct)\\s+${answer}\\b`, "i"),
  // a verdict on a side: "A is better", "image 2 is the preferred one", "the first picture looks worse", "B wins"
  new RegExp(
    `\\b(?:${media}\\s+)?\\(?(?:[AB])\\)?\\s+(?:is|looks|seems|appears)\\s+(?:clearly|much|slightly|the|far|\\s)*${verdict}\\b`,
  ),
  new RegExp(
    `\\b${media}\\s+${side}\\s+(?:is|looks|seems|appears)\\s+(?:clearly|much|slightly|the|far|\\s)*${verdict}\\b`,
    "i",
  ),
  new RegExp(
    `\\b(?:the\\s+)(?:first|second)\\s+(?:${media}\\s+)?(?:is|looks|seems)\\s+(?:clearly|much|slightly|the|far|\\s)*${verdict}\\b`,
    "i",
  ),
  /\b(?:prefer|choose|pick|select|vote for|favou?r)s?\s+(?:image\s+|picture\s+|video\s+)?\(?[AB]\)?(?=\W|$)(?!\s+[a-z])/,
  /\b[AB]\s+(?:wins|beats\s+[AB])\b/,
  /\b[AB]\s*(?:>|>>|≻)\s*[AB]\b/,
  // the forms that a verdict is written in: <answer>, [[A]], \boxed{A}, "label: B", a letter and nothing else
  /<\/?answer>/i,
  /\[\[\s*[ABC]\s*\]\]/,
  /\\boxed\{\s*[AB]\s*\}/,
  /\b(?:label|verdict|winner)\s*(?:is|[:=])\s*\(?["']?[AB]\b/i,
  /^\W*[AB]\W*$/,
];

const cannot = "(?:cannot|can['’]?t|can not|could not|couldn['’]?t|won['’]?t|will not|am unable to|do not|don['’]?t)";
const doing =
  "(?:see|view|access|process|analy[sz]e|describe|identify|provide|assist|help|comply|fulfil+|discuss|generate|create|" +
  "have|display|open|continue|do that|answer)";
const picture = "(?:image|picture|photo|video|attachment)";

/** Patterns of an answer that is no caption: a refusal, or word that nothing was seen. Looked for at the beginning. */
const refusals: readonly RegExp[] = [
  /^(?:i['’]?m|i am)\s+(?:sorry|afraid|unable|not able)\b/,
  /^(?:sorry|apologies|unfortunately)\b[,.!]?\s*(?:but\s+)?(?:i|we)\b/,
  /^i\s+apologi[sz]e\b/,
  new RegExp(`^i\\s+${cannot}\\s+(?:actually\\s+)?${doing}\\b`),
  /^as an? (?:ai|artificial|language model|large language)\b/,
  new RegExp(
    `^(?:there (?:is|was)|i (?:see|received)) no ${picture}\\b(?:\\s+(?:was\\s+)?(?:attached|provided|given|here)\\b|\\W*$)`,
  ),
  new RegExp(`^no ${picture} (?:is|was|has been) (?:provided|attached|given|uploaded)\\b`),
  new RegExp(`^please (?:provide|upload|attach|share|send) (?:an?|the|your)\\s+${picture}\\b`),
  /^(?:抱歉|对不起|很抱歉|我无法|我不能|作为一个(?:ai|人工智能))/,
];

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const names = (text: string, id: string): boolean =>
  id !== "" && new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(id)}(?![\\p{L}\\p{N}_])`, "u").test(text);

/**
 * Finds what is wrong with a caption, by its words alone.
 *
 * - `empty`: no letter and no digit in it
 * - `truncated`: the captioner says that a limit cut it off
 * - `refused`: it begins as a refusal does ("I cannot describe", "I'm sorry, but I", "As an AI") or says that no image came
 * - `leaksLabel`: it speaks of the answers by letter, number or id ("Response A", "option (B)", `ids`), says which side is
 *   better ("A is better", "prefer B", "the first image looks worse"), or has a verdict's form (`<answer>`, `[[A]]`,
 *   `\boxed{A}`, a letter alone)
 *
 * Not leaks: a letter in the picture ("a sign with the letter A"), one that opens a sentence ("A fox"), two things
 * numbered without a verdict ("image 1 shows a cat"). The rules prefer a false alarm to a leak.
 *
 * @example
 * import { captionFlaws } from "@msrl/distill";
 * const caption = (text: string) => ({ text, tokens: { prompt: 0, completion: 0 }, truncated: false });
 * const flaws = captionFlaws({ ids: ["model-7"] });
 * assert.deepStrictEqual(flaws(caption("A red fox on a sign with the letter B")), []);
 * assert.deepStrictEqual(flaws(caption("A fox, so Response B is right")), ["leaksLabel"]);
 * assert.deepStrictEqual(flaws(caption("I'm sorry, but I can't see what model-7 drew")), ["refused", "leaksLabel"]);
 * @since 0.1.0
 */
export const captionFlaws = (options: CaptionFlawOptions = {}) => {
  const { ids = [] } = options;
  const leaking = [...leaks, ...(options.leaks ?? [])];
  const refusing = [...refusals, ...(options.refusals ?? [])];
  return ({ text: given, truncated }: Caption): readonly CaptionFlaw[] => {
    const text = given.replace(/\s+/g, " "); // no pattern meets a run of spaces: all take linear time
    const begins = text.replace(/^[^\p{L}\p{N}]+/u, "").toLowerCase();
    const found: Readonly<Record<CaptionFlaw, boolean>> = {
      empty: !/[\p{L}\p{N}]/u.test(text),
      truncated,
      refused: refusing.some((pattern) => begins.search(pattern) >= 0),
      leaksLabel: leaking.some((pattern) => text.search(pattern) >= 0) || ids.some((id) => names(text, id)),
    };
    return captionFlawNames.filter((flaw) => found[flaw]);
  };
};
