import fc from "fast-check";
import type { Exploit } from "../exploits.js";
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
 * No known exploit is worth more than an honest wrong answer.
 *
 * @example
 * import { perCompletion } from "@msrl/rewards";
 * import { exploitsOf, unhackable } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const mention = perCompletion("mention", (text) => (text.includes("A") ? 1 : 0));
 * const result = await unhackable(mention, {
 *   references: fc.constant({}),
 *   exploits: exploitsOf(["A", "B"]),
 *   honestWrong: () => "<answer>B</answer>",
 *   runs: 20,
 *   seed: 1,
 * });
 * assert(!result.holds && /is worth 1, an honest wrong answer 0/.test(result.report));
 * @since 0.1.0
 */
export const unhackable = <Reference>(
  reward: AnyReward<Reference>,
  options: Omit<LawOptions<Reference>, "texts"> & {
    readonly exploits: readonly Exploit[];
    readonly honestWrong: (reference: Reference) => string;
  },
): Promise<LawResult> =>
  checkLaw(
    "unhackable",
    fc.asyncProperty(fc.constantFrom(...options.exploits), options.references, async ({ name, text }, reference) => {
      const [honest] = await valuesOf(reward, [judgedText(options.honestWrong(reference), reference)]);
      const [paid] = await valuesOf(reward, [judgedText(text, reference)]);
      if (paid != null && honest != null && paid > honest)
        broken(`"${name}" is worth ${paid}, an honest wrong answer ${honest}`);
    }),
    { ...options, runs: Math.max(options.runs, 4 * options.exploits.length) },
    ({ text }, reference) => {
      const honest = options.honestWrong(reference);
      return `the exploit: ${shownJudged(text, reference)}\n    honest and wrong: ${shownJudged(honest, reference)}`;
    },
  );
