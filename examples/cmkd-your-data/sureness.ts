import type { Completion } from "@msrl/core";
import { type Confidence, meanLogProb, type VerdictReader, voteShare } from "@msrl/distill";

/** Whether the server told the log-probs of all of them. */
export const toldLogProbs = (candidates: readonly Completion[]): boolean =>
  candidates.every(({ logProbs }) => logProbs.length > 0);

/**
 * How sure the teacher is of a trace: the mean log-prob of its tokens where the server tells them, else the share of the
 * traces that came to its verdict. The share is the same for all of them, so that the first one of the asked form is taken.
 */
export const sureness = (readVerdict: VerdictReader): Confidence => {
  const share = voteShare(readVerdict);
  return (candidate, all) => (toldLogProbs(all) ? meanLogProb : share)(candidate, all);
};
