import fc from "fast-check";
import { type AnyReward, broken, checkLaw, judgedText, type LawOptions, type LawResult, valuesOf } from "../law.js";

/** Exchanges A and B in a completion and in what it is judged against. */
export type Swap<Reference> = (text: string, reference: Reference) => readonly [text: string, reference: Reference];

/**
 * A completion has the value that the same completion has with A and B exchanged, in it and in the label.
 *
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
  );
