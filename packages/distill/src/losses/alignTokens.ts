import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";

/** Where the bytes of a token begin and end in its text. */
export type ByteSpan = readonly [start: number, end: number];

/** Tokens of the same text by two tokenizers that end at the same byte: places in either list. */
export interface TokenGroup {
  readonly student: readonly number[];
  readonly teacher: readonly number[];
}

/** Settings of {@link alignTokens}. */
export interface AlignTokensOptions {
  /** What becomes of tokens behind the last common end: a group of their own (even with one side empty), or nothing. */
  readonly rest: "group" | "drop";
}

/** Defaults of {@link alignTokens}, TRL's. */
export const alignTokensDefaults: AlignTokensOptions = { rest: "group" };

const rules: Rules<AlignTokensOptions> = { rest: oneOf(["group", "drop"]) };

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, at) => from + at);

/**
 * Groups the tokens of one text by two tokenizers where both have an end at the same byte.
 *
 * Spans in order of the text, both counted from the same place; a token of no width joins the group before it closes.
 * Linear in the number of tokens. Without `rest: "drop"` what stands behind the last common end is one more group. Equals
 * `_align_by_byte_offsets` of TRL's `ULDLoss`.
 *
 * Unlocking On-Policy Distillation for Any Model Family (GOLD, 2025),
 * https://huggingface.co/spaces/HuggingFaceH4/general-on-policy-logit-distillation
 *
 * @throws ConfigurationError for an unknown rule of the rest.
 * @example
 * import { alignTokens } from "@msrl/distill";
 * const groups = alignTokens()([[0, 2], [2, 5], [5, 6]], [[0, 5], [5, 6]]);
 * assert.deepStrictEqual(groups, [
 *   { student: [0, 1], teacher: [0] },
 *   { student: [2], teacher: [1] },
 * ]);
 * @since 0.1.0
 */
export const alignTokens = (
  options: Partial<AlignTokensOptions> = {},
): ((student: readonly ByteSpan[], teacher: readonly ByteSpan[]) => readonly TokenGroup[]) => {
  const { rest } = checkOptions("alignTokens", rules, alignTokensDefaults, options);
  return (student, teacher) => {
    const groups: TokenGroup[] = [];
    let [s, t, fromS, fromT] = [0, 0, 0, 0];
    while (s < student.length && t < teacher.length) {
      const [ends, other] = [student[s]![1], teacher[t]![1]];
      if (ends <= other) s++;
      if (other <= ends) t++;
      if (ends !== other) continue;
      groups.push({ student: range(fromS, s), teacher: range(fromT, t) });
      [fromS, fromT] = [s, t];
    }
    if (rest === "drop" || (s >= student.length && t >= teacher.length)) return groups;
    return [...groups, { student: range(fromS, student.length), teacher: range(fromT, teacher.length) }];
  };
};
