import { fold, integer, type Key, type Prompt, permutation, text } from "@msrl/core";
import type { Demo } from "./demos.js";
import { drawObjects } from "./holdout.js";
import { objects, textObjects } from "./objects.js";
import { type Fact, imageSlots, tell, textSlots, videoSlots } from "./slots.js";

const ask = (id: string, question: string): Prompt => ({
  id,
  messages: [{ role: "user", content: [text(`read : ${question}`)] }],
});

const names = (of: readonly { readonly name: string }[]): readonly string[] => of.map(({ name }) => name);

const drawFacts = (slots: readonly string[], held: readonly string[], count: number, from: Key): readonly Fact[] => {
  const order = permutation(fold(from, 2), slots.length);
  return drawObjects(held, count, "train", fold(from, 1)).map((object, at) => ({ slot: slots[order[at]!]!, object }));
};

/** The same facts in another order than they were told in. */
const retold = (facts: readonly Fact[], from: Key): readonly Fact[] => {
  const shuffled = Array.from(permutation(fold(from, 3), facts.length), (at) => facts[at]!);
  return shuffled.every((fact, at) => fact === facts[at]) ? shuffled.reverse() : shuffled;
};

/** A story of 2 to 4 facts and the same facts in another order: `read : story ...`, a dense signal for look-ups. */
export const storyDrill = (at: number, from: Key): Demo => {
  const facts = drawFacts(textSlots, names(textObjects), 2 + integer(fold(from, 0), 3), from);
  const story = (told: readonly Fact[]): string => told.map((fact) => `${tell(fact)} ,`).join(" ");
  return { prompt: ask(`story-drill-${at}`, `story ${story(facts)}`), completion: story(retold(facts, from)) };
};

/** A caption of 2 facts or more, of any objects, and the same facts in another order: `read : image ...`. */
export const captionDrill = (at: number, from: Key): Demo => {
  const kind = at % 2 === 0 ? "image" : "video";
  const slots: readonly string[] = kind === "image" ? imageSlots : videoSlots;
  const drawn = drawFacts(slots, names(objects), 2 + integer(fold(from, 0), slots.length - 1), from);
  const facts = [...drawn].sort((a, b) => slots.indexOf(a.slot) - slots.indexOf(b.slot));
  const caption = (told: readonly Fact[]): string => told.map(tell).join(" ");
  return { prompt: ask(`caption-drill-${at}`, `${kind} ${caption(facts)}`), completion: caption(retold(facts, from)) };
};

/**
 * Two lettered objects and a fact that names one of them: the fact, both objects, then the one that came again with its
 * letter. A model that knows language can tell which word it has read before; nothing here asks for a judgement, has
 * its tags or its question.
 */
export const recurrenceDrill = (at: number, from: Key): Demo => {
  const slots: readonly string[] = [...imageSlots, ...videoSlots];
  const slot = slots[integer(fold(from, 0), slots.length)]!;
  const [a, b] = drawObjects(names(objects), 2, "train", fold(from, 1)) as [string, string];
  const first = integer(fold(from, 4), 2) === 0;
  const [object, letter] = first ? [a, "A"] : [b, "B"];
  const fact = tell({ slot, object });
  const [asked, told] =
    at % 2 === 0
      ? [`A ${a} B ${b}`, `${a} A . ${b} B`]
      : [`A ${slot} ${a} B ${slot} ${b}`, `A ${slot} ${a} A . B ${slot} ${b} B`];
  return {
    prompt: ask(`recurrence-${at}`, `${asked} , ${fact}`),
    completion: `${fact} . ${told} . ${object} ${letter}`,
  };
};
