import fc from "fast-check";
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

/** Exchanges A and B in a completion and in what it is judged against. */
export type Swap<Reference> = (text: string, reference: Reference) => readonly [text: string, reference: Reference];

/**
 * A completion has the value that the same completion has with A and B exchanged, in it and in the label.
 *
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { anyCompletion, symmetric } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const references = fc.constantFrom({ label: "A" as const }, { label: "B" as const });
 * const options = { references, texts: anyCompletion(), runs: 20, seed: 1 };
 * const letters: Readonly<Record<string, string>> = { A: "B", B: "A", a: "b", b: "a" };
 * const exchanged = (text: string) =>
 *   text.replace(/(<answer>)([^<]*)/gi, (_, open, inside) => open + inside.replace(/[ab]/gi, (x: string) => letters[x]!));
 * const result = await symmetric(accuracy(), {
 *   ...options,
 *   swap: (text, { label }) => [exchanged(text), { label: label === "A" ? ("B" as const) : ("A" as const) }],
 * });
 * assert(result.holds);
 * @since 0.1.0
 */
export const symmetric = <Reference>(
  reward: AnyReward<Reference>,
  options: LawOptions<Reference> & { readonly swap: Swap<Reference> },
): Promise<LawResult> =>
  checkLaw(
    "symmetric",
    fc.asyncProperty(options.texts, options.references, async (text, reference) => {
      const [given] = await valuesOf(reward, [judgedText(text, reference)]);
      const [otherText, otherReference] = options.swap(text, reference);
      const [swapped] = await valuesOf(reward, [judgedText(otherText, otherReference)]);
      if (!Object.is(given, swapped)) broken(`the value is ${given}, and ${swapped} with A and B exchanged`);
    }),
    options,
    (text, reference) => {
      const [exchanged, other] = options.swap(text, reference);
      return `${shownJudged(text, reference)}\n    exchanged: ${shownJudged(exchanged, other)}`;
    },
  );
