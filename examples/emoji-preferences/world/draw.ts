import { fold, type Key, key, type PreferenceSample, type TaskType, tagged, taskTypes } from "@msrl/core";
import type { Split } from "./holdout.js";
import { contentOf, toSample } from "./samples.js";
import { drawScene, type Scene } from "./scenes.js";
import type { Sprites } from "./sprites.js";

/** What all pools are drawn from: the art (`loadSprites`), how many samples, and the seed of the data. */
export interface PoolOptions {
  readonly sprites: Sprites;
  readonly count?: number;
  readonly seed?: number;
}

/** The four tasks with media, dealt in turn, so that every stretch of a pool is balanced. */
export const multimodalTasks: readonly TaskType[] = taskTypes.filter((task) => task !== "text");

/** Shelves that hold no scene in common: a scene belongs to one by a hash of all it says. */
export const shelves = {
  train: ["labelled", "unlabelled", "pretraining"],
  dev: ["dev", "test"],
  test: ["dev", "test"],
} as const;

/** Which pool a draw is for. */
export interface Shelf {
  readonly split: Split;
  readonly name: (typeof shelves)[Split][number];
}

/** FNV-1a over the characters (Fowler, Noll, Vo, 1991). */
const hash = (words: string): number => {
  let state = 0x811c9dc5;
  for (let at = 0; at < words.length; at++) state = Math.imul(state ^ words.charCodeAt(at), 0x01000193);
  return (state ^ (state >>> 15)) >>> 0;
};

const belongsTo = (shelf: Shelf, scene: Scene): boolean => {
  const names: readonly string[] = shelves[shelf.split];
  return hash(contentOf(scene)) % names.length === names.indexOf(shelf.name);
};

/** A random scene that belongs to a shelf: the first of a row of draws. */
export const drawFor = (shelf: Shelf, task: TaskType, from: Key): Scene => {
  for (let attempt = 0; ; attempt++) {
    const scene = drawScene(task, shelf.split, fold(from, attempt));
    if (belongsTo(shelf, scene)) return scene;
  }
};

/** A count that a user gave, or the default; a negative or broken one throws `BadPoolSize`. */
export const readCount = (field: string, given: number | undefined, fallback: number): number => {
  const count = given ?? fallback;
  if (Number.isInteger(count) && count >= 0) return count;
  throw tagged("BadPoolSize", `${field} is ${count}, wanted a whole number of samples, 0 or more`, {
    field,
    given: count,
  });
};

/** The samples of a shelf, their tasks dealt in turn. */
export const drawPool = (
  shelf: Shelf,
  tasks: readonly TaskType[],
  { sprites, count, seed = 0 }: PoolOptions,
  fallback: number,
): readonly PreferenceSample[] => {
  const kind = tasks.length === 1 ? tasks[0]! : "multimodal";
  const from = fold(fold(key(seed), shelf.name), kind);
  return Array.from({ length: readCount(`${shelf.name} ${kind}`, count, fallback) }, (_, at) => {
    const own = fold(from, at);
    const scene = drawFor(shelf, tasks[at % tasks.length]!, fold(own, 0));
    return toSample(`${shelf.name}-${kind}-${at}`, scene, sprites, fold(own, 1));
  });
};
