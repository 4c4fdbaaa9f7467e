import type { Completion } from "./completion.js";
import type { Prompt } from "./prompt.js";
import type { Score } from "./reward.js";

/** A completion of a finished run with the score that it had; what is absent was not kept. */
export interface SavedCompletion {
  readonly text: string;
  readonly tokenIds?: readonly number[];
  readonly logProbs?: readonly number[];
  readonly truncated?: boolean;
  readonly score: Score;
}

/** A prompt's group as a run kept it, with what it was judged against: a line of the file that `encodeRollout` writes. */
export interface SavedRollout<Reference = unknown> {
  /** Steps made before the one it belongs to. */
  readonly step: number;
  readonly prompt: Prompt;
  readonly completions: readonly SavedCompletion[];
  readonly reference: Reference;
}

/** A saved completion as rewards take it: no tokens, no log-probs and not truncated where that was not kept. */
export const completionOf = ({ text, tokenIds, logProbs, truncated }: SavedCompletion): Completion => ({
  text,
  tokenIds: tokenIds ?? [],
  logProbs: logProbs ?? [],
  truncated: truncated ?? false,
});
