import type { Completion } from "@msrl/core";
import type { Confidence } from "./confidence/confidence.js";
import { comparable } from "./confidence/confidence.js";
import { meanLogProb } from "./confidence/meanLogProb.js";

/** Settings of {@link select}. */
export interface SelectOptions {
  /** How sure the teacher is of a candidate; {@link meanLogProb} by default. */
  readonly confidence?: Confidence;
}

/** A candidate that was chosen, and its confidence. */
export interface Selected {
  readonly trace: Completion;
  readonly confidence: number;
}

/**
 * The candidate of the highest confidence, the first of equals; `null` if there is none.
 *
 *     o* = argmax over o in candidates of confidence(o, all)
 *
 * `all` is what the confidence sees as the whole group (for CMKD: the candidates before the filter). A confidence of NaN
 * counts as the lowest. MSRL (2026), CMKD step 3, https://arxiv.org/abs/2603.25108.
 *
 * @example
 * import { select } from "@msrl/distill";
 * const [sure, unsure] = [-0.1, -2].map((logProb) => ({ text: "A", tokenIds: [1], logProbs: [logProb], truncated: false }));
 * assert.deepStrictEqual(select()([unsure!, sure!]), { trace: sure, confidence: -0.1 });
 * @since 0.1.0
 */
export const select =
  ({ confidence = meanLogProb }: SelectOptions = {}) =>
  (candidates: readonly Completion[], all: readonly Completion[] = candidates): Selected | null => {
    let best: Selected | null = null;
    for (const trace of candidates) {
      const own = comparable(confidence(trace, all));
      if (best === null || own > best.confidence) best = { trace, confidence: own };
    }
    return best;
  };
