import type { Completion, Reward, Scorable } from "@msrl/core";
import { toPromise } from "@msrl/core";
import fc from "fast-check";

/** A completion of that text. */
export const completion = (text: string): Completion => ({ text, tokenIds: [], logProbs: [], truncated: false });

/** A completion with what it is judged against. */
export const judged = <Reference>(text: string, reference: Reference): Scorable<Reference> => ({
  prompt: { id: `prompt of ${text.slice(0, 20)}`, messages: [] },
  completion: completion(text),
  reference,
});

/** The reward's values of texts with one reference. */
export const values = <Reference>(reward: Reward<Reference>, texts: readonly string[], reference: Reference) =>
  toPromise(reward(texts.map((text) => judged(text, reference))));

const pieces = ["type", "caption", "think", "answer"].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);

/** Near misses of tags, and characters that have broken parsers. */
const hostile = [
  "<",
  ">",
  "/",
  "</",
  "<<think>",
  "<ANSWER>",
  "<answer >",
  "< answer>",
  "\u0000",
  "\ud800",
  "\u200b",
  "\u202e",
  "$&",
  "\n",
];

/** Strings made of tags, near misses, verdicts and anything else. */
export const completionText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...pieces) },
      { weight: 2, arbitrary: fc.constantFrom(" ", "A", "B", "a", "image_understanding", "red") },
      { weight: 1, arbitrary: fc.constantFrom(...hostile) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(""));

/** A completion as a stage asks for it, with white space between the blocks. */
export const wellFormed = (tags: readonly string[]): fc.Arbitrary<string> => {
  const content = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("<"));
  const space = fc.constantFrom("", " ", "\n", "\n\t ");
  return fc
    .array(fc.tuple(space, content), { minLength: tags.length, maxLength: tags.length })
    .map((blocks) => blocks.map(([gap, text], at) => `${gap}<${tags[at]}>${text}</${tags[at]}>`).join(""));
};
