import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";

/** Which letters of a trace stand for answers: every one that stands alone, or those that are plainly labels. */
export const swappedLetters = ["plain", "every"] as const;

/** Settings of {@link swapTrace}. */
export interface SwapTraceOptions {
  readonly letters: (typeof swappedLetters)[number];
}

/** Defaults of {@link swapTrace}: letters that are plainly labels. */
export const swapTraceDefaults: SwapTraceOptions = { letters: "plain" };

/** A trace of the swapped prompt, told of the answers in their own places. */
export interface SwappedTrace {
  readonly text: string;
  /** Whether all that the text says of the answers was mapped back; if not, only its verdict is to be trusted. */
  readonly sure: boolean;
}

/** Maps a trace of the swapped prompt back. */
export type SwapTrace = (trace: string) => SwappedTrace;

const rules: Rules<SwapTraceOptions> = { letters: oneOf(swappedLetters) };

const nouns = "answer|assistant|candidate|caption|choice|clip|image|option|output|picture|response|side|video";

/** A letter in brackets, stars or a tag, behind a word for an answer, or before a colon or 's. */
const plain = new RegExp(
  [
    String.raw`(?<=<answer>\s*)[AB](?=\s*</answer>)`,
    String.raw`(?<=\\boxed\{\s*(?:\\text\{)?)[AB](?=\s*\})`,
    String.raw`(?<=[([{*"'])[AB](?=[)\]}*"'])`,
    String.raw`(?<=\b(?:${nouns})s?\s+)[AB]\b`,
    String.raw`(?<=\b(?:${nouns})s\s+[AB]\s+(?:and|or|vs\.?|versus)\s+)[AB]\b`,
    String.raw`\b[AB](?=:|'s\b|’s\b)`,
  ].join("|"),
  "gi",
);

const alone = /(?<![\w'’])[AB](?![\w])/g;

/** An article at the beginning of a sentence, or a lower-case word behind it: not a label. */
const article = /(?<=^|[.!?:;>\n]\s*)A(?=\s+[a-z])/g;

/** Words that tell the answers by their order. */
const ordinal = new RegExp(String.raw`\b(?:first|second|former|latter)\b|\b(?:${nouns})s?\s+[12]\b`, "i");

const otherLetter = (letter: string): string => (letter === "A" ? "B" : letter === "B" ? "A" : letter);

/** Holds the place of a letter already mapped, so that it is not mistaken for one that was not. */
const marks = { A: "\u{e000}", B: "\u{e001}" } as const;

const plainly: SwapTrace = (trace) => {
  const marked = trace.replace(plain, (letter) =>
    letter === "A" || letter === "B" ? marks[letter === "A" ? "B" : "A"] : letter,
  );
  const left = marked.replace(article, "").match(alone) !== null;
  const text = marked.replaceAll(marks.A, "A").replaceAll(marks.B, "B");
  return { text, sure: !left && !ordinal.test(trace) };
};

const everywhere: SwapTrace = (trace) => ({ text: trace.replace(alone, otherLetter), sure: true });

/**
 * A trace that was written with A and B exchanged, as if they had not been: its verdict and what else it says of A and B.
 *
 * `plain` maps letters that are plainly labels: in an answer tag, a box, brackets, stars or quotes, behind a word such as
 * `answer` or `image`, before a colon. If other letters A or B are left that may be labels (`so B is better`), or words that tell
 * the answers by their order (`the first`, `image 2`), the trace is not `sure`: in CMKD such a candidate votes, but cannot be
 * the trace. `every` maps each letter that stands alone: for traces of a fixed form. The order in which a trace goes
 * through the answers stays as it was written.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { swapTrace } from "@msrl/distill";
 * const back = swapTrace()("A fox is asked for. Image A shows one. <answer>A</answer>");
 * assert.deepStrictEqual(back, { text: "A fox is asked for. Image B shows one. <answer>B</answer>", sure: true });
 * assert.deepStrictEqual(swapTrace()("The first is better. <answer>A</answer>").sure, false);
 * @since 0.1.0
 */
export const swapTrace = (options: Partial<SwapTraceOptions> = {}): SwapTrace =>
  checkOptions("swapTrace", rules, swapTraceDefaults, options).letters === "every" ? everywhere : plainly;
