import { fold, integer, type Key, key, permutation, uniform } from "@msrl/core";
import { objects } from "./objects.js";

/** What a split is for: scenes of dev and test hold a pair of objects that no train scene holds. */
export type Split = "train" | "dev" | "test";

/** Share of all unordered pairs of objects that training never sees. */
export const heldOutShare = 0.18;

const pairName = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`);

const allPairs = objects.flatMap((one, at) => objects.slice(at + 1).map((other) => [one.name, other.name] as const));

/** The held-out pairs: the same for every seed of the data, so that a shipped backbone has not seen them either. */
export const heldOutPairs: readonly (readonly [string, string])[] = Array.from(
  permutation(fold(key(0), "held-out pairs"), allPairs.length).slice(0, Math.round(heldOutShare * allPairs.length)),
  (at) => allPairs[at]!,
);

const heldOutNames: ReadonlySet<string> = new Set(heldOutPairs.map(([one, other]) => pairName(one, other)));

/** Whether training never shows these two together, in either order. */
export const isHeldOut = (one: string, other: string): boolean => heldOutNames.has(pairName(one, other));

/** For train: distinct objects, no two of them a held-out pair. */
const drawTrain = (names: readonly string[], count: number, from: Key): readonly string[] => {
  const drawn: string[] = [];
  for (const at of permutation(from, names.length)) {
    const name = names[at]!;
    if (drawn.length < count && !drawn.some((other) => isHeldOut(name, other))) drawn.push(name);
  }
  return drawn.length === count ? drawn : drawTrain(names, count, fold(from, 0));
};

/** For dev and test: distinct objects, the first two of them a held-out pair. */
const drawHeldOut = (names: readonly string[], count: number, from: Key): readonly string[] => {
  const pairs = heldOutPairs.filter(([one, other]) => names.includes(one) && names.includes(other));
  const [one, other] = pairs[integer(fold(from, 0), pairs.length)]!;
  const rest = Array.from(permutation(from, names.length), (at) => names[at]!).filter((n) => n !== one && n !== other);
  const first = uniform(fold(from, 1), 1)[0]! < 0.5 ? [one, other] : [other, one];
  return [...first, ...rest].slice(0, count);
};

/**
 * Distinct objects for a scene: in train no two are a held-out pair, in dev and test the first two are one.
 *
 * @param count 2 to 5
 */
export const drawObjects = (names: readonly string[], count: number, split: Split, from: Key): readonly string[] =>
  (split === "train" ? drawTrain : drawHeldOut)(names, count, from);
