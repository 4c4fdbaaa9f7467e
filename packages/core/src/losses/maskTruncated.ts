/** What is read of a completion. */
export interface MaybeTruncated {
  readonly tokenIds: readonly number[];
  /** True if the token limit came before the end of sequence. */
  readonly truncated: boolean;
  /** 1 where a token counts, 0 where it does not; all count if absent. */
  readonly mask?: readonly number[];
}

/**
 * The mask of a completion that counts only if it came to its end (overlong filtering): what a policy cut off by the token
 * limit would have said is not known, so nothing is learnt of it.
 *
 *     mask' = mask if the completion ended, else 0 everywhere
 *
 * Its tokens and the completion then leave the counts that losses divide by, its KL term too; the advantages of its group
 * are made with its reward as before. TRL's `mask_truncated_completions`.
 *
 * DAPO (2025), https://arxiv.org/abs/2503.14476, section 3.4
 *
 * @example
 * import { maskTruncated } from "@msrl/core/losses";
 * assert.deepStrictEqual(maskTruncated({ tokenIds: [5, 7], truncated: true }), [0, 0]);
 * assert.deepStrictEqual(maskTruncated({ tokenIds: [5, 7], truncated: false, mask: [0, 1] }), [0, 1]);
 * @since 0.1.0
 */
export const maskTruncated = ({ tokenIds, truncated, mask }: MaybeTruncated): readonly number[] =>
  tokenIds.map((_, at) => (truncated ? 0 : (mask?.[at] ?? 1)));
