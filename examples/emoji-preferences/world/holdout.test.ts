import { key } from "@msrl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { drawObjects, heldOutPairs, heldOutShare, isHeldOut } from "./holdout.js";
import { objects, textObjects } from "./objects.js";

const everyPair = (names: readonly string[]) =>
  names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));
const allNames = objects.map(({ name }) => name);
const textNames = textObjects.map(({ name }) => name);

test("18 % of all unordered pairs are held out, in either order, and stories have some", () => {
  const pairs = everyPair(allNames);
  expect(heldOutPairs).toHaveLength(Math.round(heldOutShare * pairs.length));
  expect(pairs.filter(([a, b]) => isHeldOut(b, a))).toHaveLength(heldOutPairs.length);
  const inStories = everyPair(textNames).filter(([a, b]) => isHeldOut(a, b)).length;
  expect(inStories).toBeGreaterThan(10);
  expect(inStories).toBeLessThan(35);
});

test("train draws hold no held-out pair, test draws start with one; all objects are distinct", () => {
  const draws = fc.record({
    seed: fc.nat(),
    count: fc.integer({ min: 2, max: 5 }),
    names: fc.constantFrom(allNames, textNames),
  });
  fc.assert(
    fc.property(draws, ({ seed, count, names }) => {
      const train = drawObjects(names, count, "train", key(seed));
      const unseen = drawObjects(names, count, "test", key(seed));
      for (const drawn of [train, unseen]) expect(new Set(drawn).size).toBe(count);
      expect(everyPair(train).some(([a, b]) => isHeldOut(a, b))).toBe(false);
      expect(isHeldOut(unseen[0]!, unseen[1]!)).toBe(true);
    }),
  );
});
