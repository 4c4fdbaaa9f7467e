import { fold, type Key, type Prompt, text, uniform } from "@msrl/core";
import type { Question } from "@msrl/stages";
import { type Preference, swapped } from "./preferences.js";

const order = "Which answer is better? Reply with <answer>A</answer> or <answer>B</answer> and nothing else.";

/** A pair as a chat: the order, the question, both answers, the order once more. */
const promptOf = ({ id, query, responses: [a, b] }: Preference): Prompt => {
  const pair = `Question:\n${query}\n\nAnswer A:\n${a}\n\nAnswer B:\n${b}`;
  return {
    id,
    messages: [
      { role: "system", content: [text("You compare two answers to a question and say which is better.")] },
      { role: "user", content: [text(`${order}\n\n${pair}\n\n${order}`)] },
    ],
  };
};

/** What a judgement is held against. */
export type JudgedPair = Preference & { readonly task: "text" };

/** A pair as a question. */
export const questionOf = (pair: Preference): Question<JudgedPair> => ({
  prompt: promptOf(pair),
  reference: { ...pair, task: "text" },
});

/** Both orders of every pair, one after the other: a judge that likes a place is right every second time. */
export const bothOrders = (pairs: readonly Preference[]): readonly Question<JudgedPair>[] =>
  pairs.flatMap((pair) => [questionOf(pair), questionOf(swapped(pair))]);

/** Pairs to learn from and pairs to be judged on. */
export interface Split {
  readonly train: readonly Preference[];
  readonly heldOut: readonly Preference[];
}

/** Splits pairs by their question, so that none is on both sides; the same key, the same split. */
export const splitPairs = (pairs: readonly Preference[], heldOut: number, key: Key): Split => {
  const queries = [...new Set(pairs.map(({ query }) => query))];
  const place = new Map(queries.map((query) => [query, uniform(fold(key, query), 1)[0]!]));
  const shuffled = [...pairs].sort((a, b) => place.get(a.query)! - place.get(b.query)!);
  const border = shuffled[heldOut - 1]?.query;
  const sides = { train: [] as Preference[], heldOut: [] as Preference[] };
  shuffled.forEach((pair, at) => {
    sides[at < heldOut || pair.query === border ? "heldOut" : "train"].push(pair);
  });
  return sides;
};
