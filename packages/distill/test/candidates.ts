import type { Completion, Label, Rollout } from "@msrl/core";
import fc from "fast-check";

const shape = /^<think>[^<]*<\/think> <answer>[AB]<\/answer>$/;

/** Reads `<answer>A</answer>`. */
export const readVerdict = (text: string): Label | null => {
  const letter = /<answer>([AB])<\/answer>/.exec(text)?.[1];
  return letter === "A" || letter === "B" ? letter : null;
};

/** Whether a text is one think and one answer block. */
export const hasFormat = (text: string): boolean => shape.test(text);

/** A completion with that text and one token a log-prob. */
export const completion = (text: string, ...logProbs: readonly number[]): Completion => ({
  text,
  tokenIds: logProbs.map((_, at) => at),
  logProbs,
  truncated: false,
});

/** A trace of the asked form. */
export const trace = (letter: Label, ...logProbs: readonly number[]): Completion =>
  completion(`<think>because</think> <answer>${letter}</answer>`, ...logProbs);

/** A rollout of a prompt with that id. */
export const rollout = (id: string, completions: readonly Completion[]): Rollout => ({
  prompt: { id, messages: [] },
  completions,
});

/** Traces of the asked form, of none, unreadable and empty ones, with quarter-nat log-probs (sums exact, ties common). */
export const candidate: fc.Arbitrary<Completion> = fc
  .tuple(
    fc.constantFrom(
      "<think>x</think> <answer>A</answer>",
      "<think>y</think> <answer>B</answer>",
      "<answer>A</answer>",
      "<answer>B</answer>",
      "?",
      "",
    ),
    fc.array(fc.integer({ min: -8, max: 0 }), { maxLength: 4 }),
  )
  .map(([text, quarters]) => completion(text, ...quarters.map((value) => value / 4)));

/** The candidates of a sample. */
export const candidates: fc.Arbitrary<readonly Completion[]> = fc.array(candidate, { maxLength: 9 });

/** The other letter. */
export const other = (label: Label): Label => (label === "A" ? "B" : "A");

/** The same completion with A and B swapped in its answer. */
export const swapped = (one: Completion): Completion => ({
  ...one,
  text: one.text.replace(/<answer>([AB])/, (_, letter: Label) => `<answer>${other(letter)}`),
});
