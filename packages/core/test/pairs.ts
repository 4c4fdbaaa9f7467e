import fc from "fast-check";
import { input } from "../src/graph/index.js";
import type { Tensors } from "../src/tensor.js";
import { float64 } from "./testDevice.js";

/** A pair as a test knows it. */
export interface Pair {
  readonly chosen: number;
  readonly rejected: number;
  readonly referenceChosen: number;
  readonly referenceRejected: number;
  readonly margins: number;
  readonly counts: boolean;
}

const perPair = (name: string) => input(name, "float64", ["batch"]);

/** Inputs of a loss over pairs as graph inputs in float64, by the names of their fields. */
export const pairInputs = {
  chosen: perPair("chosen"),
  rejected: perPair("rejected"),
  referenceChosen: perPair("referenceChosen"),
  referenceRejected: perPair("referenceRejected"),
  margins: perPair("margins"),
  mask: perPair("mask"),
  pairs: input("pairs", "float64", []),
};

const number = fc.double({ min: -8, max: 8, noNaN: true });

/** Pairs, from one up. */
export const somePairs: fc.Arbitrary<readonly Pair[]> = fc.array(
  fc.record({
    chosen: number,
    rejected: number,
    referenceChosen: number,
    referenceRejected: number,
    margins: fc.double({ min: 0, max: 2, noNaN: true }),
    counts: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

/** How many pairs count. */
export const countPairs = (pairs: readonly Pair[]): number => pairs.filter(({ counts }) => counts).length;

/** The same pairs with nonsense wherever none counts. */
export const spoiledPairs = (pairs: readonly Pair[], by: number): readonly Pair[] =>
  pairs.map((pair) =>
    pair.counts
      ? pair
      : { chosen: by, rejected: -by, referenceChosen: by, referenceRejected: by, margins: by, counts: false },
  );

/** What {@link pairInputs} are fed; the count is that of the pairs unless given. */
export const pairFeeds = (pairs: readonly Pair[], count = countPairs(pairs)): Tensors => {
  const vector = (value: (pair: Pair) => number) => float64([pairs.length], pairs.map(value));
  return {
    chosen: vector(({ chosen }) => chosen),
    rejected: vector(({ rejected }) => rejected),
    referenceChosen: vector(({ referenceChosen }) => referenceChosen),
    referenceRejected: vector(({ referenceRejected }) => referenceRejected),
    margins: vector(({ margins }) => margins),
    mask: vector(({ counts }) => (counts ? 1 : 0)),
    pairs: float64([], [count]),
  };
};
