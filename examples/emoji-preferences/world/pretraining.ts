import {
  fold,
  integer,
  type Key,
  key,
  type Media,
  media,
  type PreferenceSample,
  type Prompt,
  permutation,
  text,
} from "@msrl/core";
import type { Demo } from "./demos.js";
import { drawFor, drawPool, multimodalTasks, type PoolOptions, readCount } from "./draw.js";
import { drawObjects } from "./holdout.js";
import { drawSingle } from "./media.js";
import { objects, textObjects } from "./objects.js";
import { toSample } from "./samples.js";
import { tell, textSlots } from "./slots.js";
import type { Sprites } from "./sprites.js";

const shelf = { split: "train", name: "pretraining" } as const;

/** Sizes of the backbone's pools where none is given. */
export const pretrainingSizes = { texts: 6000, multimodal: 500, scenes: 500, cells: 1500, drills: 6000 } as const;

/** What the backbone learns from: preferences (for random-verdict demonstrations) and three plainer tasks. */
export interface Pretraining {
  readonly texts: readonly PreferenceSample[];
  readonly multimodal: readonly PreferenceSample[];
  readonly scenes: readonly Demo[];
  readonly cells: readonly Demo[];
  readonly drills: readonly Demo[];
}

/** Options of {@link pretrainingPools}: the art, a seed, and the size of each pool. */
export interface PretrainingOptions extends Omit<PoolOptions, "count"> {
  readonly sizes?: Partial<Record<keyof Pretraining, number>>;
}

const user = (id: string, ...content: Prompt["messages"][0]["content"]): Prompt => ({
  id,
  messages: [{ role: "user", content }],
});

const look = (id: string, what: string, picture: Media): Demo => ({
  prompt: user(id, text(`look ${what}`), media(picture)),
  completion: picture.caption!,
});

/** A picture of a scene, image and video in turn, and its caption: `look image <img>`. */
const sceneDemo = (sprites: Sprites, at: number, from: Key): Demo => {
  const task = at % 2 === 0 ? "image_understanding" : "video_understanding";
  const { id, context } = toSample(`scene-${at}`, drawFor(shelf, task, fold(from, 0)), sprites, fold(from, 1));
  return look(id, context[0]!.kind, context[0]!);
};

/** One object alone and its name: `look cell <img>`. */
const cellDemo = (sprites: Sprites, at: number, from: Key): Demo =>
  look(`cell-${at}`, "cell", drawSingle(sprites, objects[integer(fold(from, 0), objects.length)]!.name, fold(from, 1)));

/** A story of 2 to 4 facts and the same facts in another order: `read : story ...`, a dense signal for look-ups. */
const drillDemo = (_: Sprites, at: number, from: Key): Demo => {
  const count = 2 + integer(fold(from, 0), 3);
  const names = textObjects.map(({ name }) => name);
  const slots = permutation(fold(from, 2), textSlots.length);
  const facts = drawObjects(names, count, shelf.split, fold(from, 1)).map((object, n) => ({
    slot: textSlots[slots[n]!]!,
    object,
  }));
  const shuffled = Array.from(permutation(fold(from, 3), count), (n) => facts[n]!);
  const asTold = shuffled.every((fact, n) => fact === facts[n]);
  const others = asTold ? shuffled.reverse() : shuffled;
  const story = (told: typeof facts): string => told.map((fact) => `${tell(fact)} ,`).join(" ");
  return { prompt: user(`drill-${at}`, text(`read : story ${story(facts)}`)), completion: story(others) };
};

/** The backbone's data: no held-out pair in it, and no preference that a later stage trains on. */
export const pretrainingPools = ({ sprites, seed = 0, sizes = {} }: PretrainingOptions): Pretraining => {
  const many = (name: "scenes" | "cells" | "drills", make: typeof sceneDemo): readonly Demo[] => {
    const from = fold(fold(key(seed), "pretraining"), name);
    const count = readCount(`pretraining ${name}`, sizes[name], pretrainingSizes[name]);
    return Array.from({ length: count }, (_, at) => make(sprites, at, fold(from, at)));
  };
  const { texts = pretrainingSizes.texts, multimodal = pretrainingSizes.multimodal } = sizes;
  return {
    texts: drawPool(shelf, ["text"], { sprites, seed, count: texts }, texts),
    multimodal: drawPool(shelf, multimodalTasks, { sprites, seed, count: multimodal }, multimodal),
    scenes: many("scenes", sceneDemo),
    cells: many("cells", cellDemo),
    drills: many("drills", drillDemo),
  };
};
