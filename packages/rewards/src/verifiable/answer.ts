import { shown } from "@msrl/core/configuration";
import { onlyBlock } from "../parse/onlyBlock.js";

/** Reads the answer of a completion; `null`: there is none, or not exactly one. */
export type AnswerReader = (completion: string) => string | null;

/** What an answer is judged against; without one the reward does not apply. */
export interface AnswerReference {
  /** The right answer, or several that count as right. */
  readonly answer?: string | readonly string[];
}

/** How the answer is found unless another reader is given: the only `<answer>` block. */
export const readAnswer: AnswerReader = onlyBlock({ tag: "answer" });

/** The right answers of a reference; `undefined`: it has none. */
export const goldOf = (reference: AnswerReference | null | undefined): readonly string[] | undefined => {
  const answer: unknown = reference?.answer ?? undefined;
  if (answer === undefined) return undefined;
  const all: readonly unknown[] = Array.isArray(answer) ? answer : answer === "" ? [] : [answer];
  const odd = all.findIndex((each) => typeof each !== "string");
  if (odd >= 0) throw new Error(`reference.answer is or has ${shown(all[odd])}, wanted a text or a list of texts`);
  return all.length === 0 ? undefined : (all as readonly string[]);
};
