import { fold, integer, type Key, type Label, permutation, type TaskType, uniform } from "@msrl/core";
import { drawObjects, type Split } from "./holdout.js";
import { objects, textObjects } from "./objects.js";
import { type Fact, imageSlots, textSlots, videoSlots } from "./slots.js";

/** Facts, one of them asked for, and a wrong claim beside the right one. */
export interface Understanding {
  readonly task: "text" | "image_understanding" | "video_understanding";
  readonly facts: readonly Fact[];
  readonly asked: Fact;
  readonly wrong: string;
  readonly label: Label;
}

/** Two facts ordered, and what the two sides hold: the one named by the label holds both. */
export interface Generation {
  readonly task: "image_generation" | "video_generation";
  readonly order: readonly [Fact, Fact];
  readonly sides: readonly [readonly Fact[], readonly Fact[]];
  readonly label: Label;
}

/** A preference before it is told or drawn. */
export type Scene = Understanding | Generation;

/** Chance that the wrong claim is another object of the scene, or that the bad side swaps the two facts. */
export const confusedShare = 0.65;

/** Chance of a third object in a story and in an image asked about; and in a generated image. Videos always hold three. */
export const thirdShare = { understanding: 1 / 2, generation: 2 / 3 } as const;

const coin = (draw: number): Label => (draw < 0.5 ? "A" : "B");

const namesOf = (task: TaskType): readonly string[] =>
  (task === "text" ? textObjects : objects).map(({ name }) => name);

const slotsOf = (task: TaskType): readonly string[] => {
  if (task === "text") return textSlots;
  return task.startsWith("image") ? imageSlots : videoSlots;
};

/** Facts in the order of the slots, as captions tell them. */
const inOrder = (facts: readonly Fact[], slots: readonly string[]): readonly Fact[] =>
  slots.flatMap((slot) => facts.filter((fact) => fact.slot === slot));

/** A random scene that asks what is at a slot. */
export const understanding = (task: Understanding["task"], split: Split, from: Key): Understanding => {
  const draws = uniform(from, 3);
  const count = task === "video_understanding" || draws[1]! < thirdShare.understanding ? 3 : 2;
  const drawn = drawObjects(namesOf(task), count + 1, split, fold(from, 1));
  const slots = slotsOf(task);
  const order = permutation(fold(from, 2), slots.length);
  const told = drawn.slice(0, count).map((object, at) => ({ slot: slots[order[at]!]!, object }));
  const wrong = drawn[draws[2]! < confusedShare ? 1 + integer(fold(from, 3), count - 1) : count]!;
  const shuffled = Array.from(permutation(fold(from, 4), count), (at) => told[at]!);
  const facts = task === "text" ? shuffled : inOrder(told, slots);
  return { task, facts, asked: told[0]!, wrong, label: coin(draws[0]!) };
};

/** A random order of two facts and two sides: one obeys, the other swaps the objects or has a strange one. */
export const generation = (task: Generation["task"], split: Split, from: Key): Generation => {
  const draws = uniform(from, 5);
  const drawn = drawObjects(namesOf(task), 5, split, fold(from, 1));
  const [one, other, strange] = drawn as [string, string, string];
  const slots = slotsOf(task);
  const places = Array.from(permutation(fold(from, 2), slots.length), (at) => slots[at]!);
  const pair = (first: string, second: string): readonly Fact[] => [
    { slot: places[0]!, object: first },
    { slot: places[1]!, object: second },
  ];
  const replaced = draws[2]! < 0.5 ? pair(strange, other) : pair(one, strange);
  const bad = draws[1]! < confusedShare ? pair(other, one) : replaced;
  const label = coin(draws[0]!);
  const side = (at: 0 | 1): readonly Fact[] => {
    const ordered = (label === "A") === (at === 0) ? pair(one, other) : bad;
    const more = task === "video_generation" || draws[3 + at]! < thirdShare.generation;
    const slot = places[2 + at] ?? places[2]!;
    return inOrder(more ? [...ordered, { slot, object: drawn[3 + at]! }] : ordered, slots);
  };
  const order = inOrder(pair(one, other), slots) as [Fact, Fact];
  return { task, order, sides: [side(0), side(1)], label };
};

/** A random scene of a task. */
export const drawScene = (task: TaskType, split: Split, from: Key): Scene =>
  task === "image_generation" || task === "video_generation"
    ? generation(task, split, from)
    : understanding(task, split, from);
