import { configurationError } from "../../../configuration.js";
import type { Expr } from "../../../graph/index.js";
import { div } from "../../../graph/index.js";
import type { SamplingFilters } from "../../../policy/policy.js";
import { keepMinP } from "./keepMinP.js";
import { keepTopK } from "./keepTopK.js";
import { keepTopP } from "./keepTopP.js";
import { penalizeRepetition } from "./penalizeRepetition.js";

/** What logits are filtered with, besides the filters' own settings. */
export interface FilterInputs {
  /** [.., vocabulary] */
  readonly logits: Expr;
  /** What they are divided by; a number or one number. */
  readonly temperature: Expr | number;
  /** Tokens of the prompt and of the completion so far, bool [.., vocabulary]; read by a repetition penalty alone. */
  readonly seen?: Expr;
}

const seenMissing = configurationError("filterLogits", [
  { field: "seen", given: "not given", wanted: "bool [.., vocabulary], read by repetitionPenalty" },
]);

/** The filters that do anything: those of their neutral value are left out. */
export const activeFilters = ({ topK, topP, minP, repetitionPenalty }: SamplingFilters): SamplingFilters => ({
  ...(topK ? { topK } : {}),
  ...(topP !== undefined && topP !== 1 ? { topP } : {}),
  ...(minP ? { minP } : {}),
  ...(repetitionPenalty !== undefined && repetitionPenalty !== 1 ? { repetitionPenalty } : {}),
});

/**
 * Logits as they are drawn from, in the order of transformers' `generate`: repetition penalty, temperature, top-k,
 * top-p, min-p, each on what the one before it left. Tokens that are never drawn have -inf.
 *
 * Logits [.., vocabulary]; a filter left out or of its neutral value (topK 0, topP 1, minP 0, penalty 1) does nothing.
 *
 * @throws ConfigurationError for settings that cannot be, and for a repetition penalty without the tokens seen.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { filterLogits } from "@msrl/core/models";
 * const logits = input("logits", "float32", ["rows", 1000]);
 * const kept = filterLogits({ topK: 50, topP: 0.9 })({ logits, temperature: 0.7 });
 * assert.deepStrictEqual(kept.shape, ["rows", 1000]);
 * @since 0.1.0
 */
export const filterLogits = (filters: SamplingFilters) => {
  const { topK, topP, minP, repetitionPenalty } = activeFilters(filters);
  return ({ logits, temperature, seen }: FilterInputs): Expr => {
    if (repetitionPenalty !== undefined && !seen) throw seenMissing;
    const penalized = seen && repetitionPenalty ? penalizeRepetition({ repetitionPenalty })(logits, seen) : logits;
    const scaled = temperature === 1 ? penalized : div(penalized, temperature);
    const largest = topK ? keepTopK({ topK })(scaled) : scaled;
    const nucleus = topP ? keepTopP({ topP, ...(topK ? { candidates: topK } : {}) })(largest) : largest;
    return minP ? keepMinP({ minP })(nucleus) : nucleus;
  };
};
