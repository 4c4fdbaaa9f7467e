import type { Completion, Label } from "@msrl/core";
import type { FormatCheck, VerdictReader } from "./confidence/confidence.js";

/** Settings of {@link filter}. */
export interface FilterOptions {
  readonly hasFormat: FormatCheck;
  readonly readVerdict: VerdictReader;
}

/** The candidates that remain, in their order, and how many went by reason (each counted once, format first). */
export interface Filtered {
  readonly kept: readonly Completion[];
  readonly malformed: number;
  readonly disagreeing: number;
}

/**
 * Keeps the candidates that have the asked form and come to the pseudo-label's verdict.
 *
 *     kept = { o : hasFormat(o) and readVerdict(o) = y }
 *
 * MSRL (2026), CMKD step 2, https://arxiv.org/abs/2603.25108.
 *
 * @example
 * import { filter } from "@msrl/distill";
 * const candidates = ["(A)", "A", "(B)"].map((text) => ({ text, tokenIds: [], logProbs: [], truncated: false }));
 * const readVerdict = (text: string) => (text.includes("A") ? "A" : "B");
 * const { kept, malformed, disagreeing } = filter({ hasFormat: (text) => text.startsWith("("), readVerdict })(candidates, "A");
 * assert.deepStrictEqual([kept, malformed, disagreeing], [[candidates[0]], 1, 1]);
 * @since 0.1.0
 */
export const filter =
  ({ hasFormat, readVerdict }: FilterOptions) =>
  (candidates: readonly Completion[], pseudoLabel: Label): Filtered => {
    const formed = candidates.filter(({ text }) => hasFormat(text));
    const kept = formed.filter(({ text }) => readVerdict(text) === pseudoLabel);
    return { kept, malformed: candidates.length - formed.length, disagreeing: formed.length - kept.length };
  };
