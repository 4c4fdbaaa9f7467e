import fc from "fast-check";
import { type CompletionsOptions, nearlyWellFormedCompletion, wellFormedCompletion } from "../completions.js";
import {
  type AnyReward,
  broken,
  checkLaw,
  judgedText,
  type LawOptions,
  type LawResult,
  shownJudged,
  valuesOf,
} from "../law.js";

/**
 * A completion that misses its form in one thing is worth less than any well-formed one: a law of format rewards.
 *
 * @example
 * import { format } from "@msrl/rewards";
 * import { strict } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const form = { tags: ["think", "answer"] };
 * const result = await strict(format(form), { references: fc.constant({}), form, runs: 20, seed: 1 });
 * assert(result.holds);
 * @since 0.1.0
 */
export const strict = <Reference>(
  reward: AnyReward<Reference>,
  options: Omit<LawOptions<Reference>, "texts"> & { readonly form: Partial<CompletionsOptions> },
): Promise<LawResult> =>
  checkLaw(
    "strict",
    fc.asyncProperty(
      nearlyWellFormedCompletion(options.form),
      wellFormedCompletion(options.form),
      options.references,
      async (damaged, whole, reference) => {
        const [low] = await valuesOf(reward, [judgedText(damaged, reference)]);
        const [high] = await valuesOf(reward, [judgedText(whole, reference)]);
        if (low != null && high != null && low >= high)
          broken(`a completion that misses its form is worth ${low}, a well-formed one ${high}`);
      },
    ),
    options,
    (damaged, whole, reference) =>
      `misses its form: ${shownJudged(damaged, reference)}\n    well-formed: ${shownJudged(whole, reference)}`,
  );
