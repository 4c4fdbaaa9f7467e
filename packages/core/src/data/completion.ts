import type { Prompt } from "./prompt.js";

/** A sampled completion: its text, its token ids (end of sequence included where it was reached) and their log-probs. */
export interface Completion {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Log-probability in nats of each token under the policy, at the temperature it was drawn at. */
  readonly logProbs: readonly number[];
  /** The same among the tokens that the sampling's filters left (top-k and the like); absent where there were none. */
  readonly samplerLogProbs?: readonly number[];
  /** True if the token limit came before the end of sequence. */
  readonly truncated: boolean;
}

/** A prompt and the group of completions sampled for it. */
export interface Rollout {
  readonly prompt: Prompt;
  readonly completions: readonly Completion[];
}
