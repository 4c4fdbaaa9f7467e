import { fold, integer, type Key, key, type Media, media, type PreferenceSample, type Prompt, text } from "@msrl/core";
import type { Demo } from "./demos.js";
import { drawFor, drawPool, multimodalTasks, type PoolOptions, readCount } from "./draw.js";
import { captionDrill, recurrenceDrill, storyDrill } from "./drills.js";
import { drawSingle } from "./media.js";
import { objects } from "./objects.js";
import { toSample } from "./samples.js";
import type { Sprites } from "./sprites.js";

const shelf = { split: "train", name: "pretraining" } as const;

/** Sizes of the backbone's pools where none is given. */
export const pretrainingSizes = {
  texts: 6000,
  multimodal: 500,
  scenes: 350,
  cells: 1500,
  storyDrills: 6000,
  captionDrills: 6000,
  recurrences: 6000,
} as const;

/** What the backbone learns from: preferences (for random-verdict demonstrations), pictures and their names, reading. */
export interface Pretraining {
  readonly texts: readonly PreferenceSample[];
  readonly multimodal: readonly PreferenceSample[];
  readonly scenes: readonly Demo[];
  readonly cells: readonly Demo[];
  readonly storyDrills: readonly Demo[];
  readonly captionDrills: readonly Demo[];
  readonly recurrences: readonly Demo[];
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

/** The backbone's data: no held-out pair in it, and no preference that a later stage trains on. */
export const pretrainingPools = ({ sprites, seed = 0, sizes = {} }: PretrainingOptions): Pretraining => {
  const many = (
    name: Exclude<keyof Pretraining, "texts" | "multimodal">,
    make: (at: number, from: Key) => Demo,
  ): readonly Demo[] => {
    const from = fold(fold(key(seed), "pretraining"), name);
    const count = readCount(`pretraining ${name}`, sizes[name], pretrainingSizes[name]);
    return Array.from({ length: count }, (_, at) => make(at, fold(from, at)));
  };
  const { texts = pretrainingSizes.texts, multimodal = pretrainingSizes.multimodal } = sizes;
  return {
    texts: drawPool(shelf, ["text"], { sprites, seed, count: texts }, texts),
    multimodal: drawPool(shelf, multimodalTasks, { sprites, seed, count: multimodal }, multimodal),
    scenes: many("scenes", (at, from) => sceneDemo(sprites, at, from)),
    cells: many("cells", (at, from) => cellDemo(sprites, at, from)),
    storyDrills: many("storyDrills", storyDrill),
    captionDrills: many("captionDrills", captionDrill),
    recurrences: many("recurrences", recurrenceDrill),
  };
};
