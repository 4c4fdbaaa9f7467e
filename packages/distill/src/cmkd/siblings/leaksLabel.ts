/** Settings of {@link leaksLabel}. */
export interface LeaksLabelOptions {
  /** What gives a trace away; each without the flags g and y. */
  readonly signs: readonly RegExp[];
}

const label =
  "(?:label|verdict|preference|judge?ment|ranking|annotation|(?:better|preferred|correct|right|best) (?:answer|response|choice|one|image|video))";

/** Defaults of {@link leaksLabel}: what teachers that were told commonly write. */
export const leaksLabelDefaults: LeaksLabelOptions = {
  signs: [
    /\b(?:I|we)(?:['’]ve| have| had)?(?: been| was| were| am| are)? (?:told|informed|instructed|given the)\b/i,
    /\b(?:you|user|prompt|instructions?|task|question) (?:has |have |had )?(?:told|tells?|said|says|stated?|states|informs?|indicates?|specif(?:y|ies|ied)|reveal(?:s|ed)?)\b[^.!?]{0,40}\b(?:better|label|verdict|preferred)\b/i,
    new RegExp(
      String.raw`\b(?:gold(?:en)?|ground[- ]truth|reference|provided|given|known|stated|supplied) ${label}\b`,
      "i",
    ),
    new RegExp(
      String.raw`\b(?:according to|per|given|matches|consistent with|knowing|based on) (?:the|this|that) ${label}\b`,
      "i",
    ),
    /\b(?:flawed|earlier|previous|original|bad|wrong) (?:reasoning|trace|attempt|analysis)\b/i,
    /\bas (?:was )?(?:told|stated|given|instructed|mentioned) (?:above|before|earlier|in the (?:prompt|instructions?))\b/i,
    /\bhints?\b(?! of\b)/i,
  ],
};

/**
 * Whether a trace mentions that its writer had been told the label, or shown an earlier trace: a student could never write
 * that, and learns from it to wait for a hint.
 *
 * A check of words, in English, by patterns: it misses what is put otherwise, and drops a trace that uses such words of the
 * sample itself (a picture with a "price label" passes, "the given label" does not). Give `signs` of your own for other
 * languages.
 *
 * @example
 * import { leaksLabel } from "@msrl/distill";
 * const leaks = leaksLabel();
 * assert.deepStrictEqual(["A shows the fox that is asked for.", "I was told that A is better."].map(leaks), [false, true]);
 * @since 0.1.0
 */
export const leaksLabel = (options: Partial<LeaksLabelOptions> = {}): ((trace: string) => boolean) => {
  const { signs } = { ...leaksLabelDefaults, ...options };
  return (trace) => signs.some((sign) => trace.search(sign) >= 0);
};
