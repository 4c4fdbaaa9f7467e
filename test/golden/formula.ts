/** The golden files' own number of a place, 0 to 2^32 - 1. */
export const hash = (at: number, seed: number): number => {
  let h = (at + Math.imul(seed, 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
};

/** Numbers between two bounds, each the formula of its place. */
export const uniform = (count: number, seed: number, low: number, high: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => low + ((high - low) * hash(at, seed)) / 2 ** 32);
