/** A key of the counter-based generator: the only source of randomness; it comes in, it is never global. */
export interface Key {
  readonly high: number;
  readonly low: number;
}

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** Threefry-2x32 with 20 rounds (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011; the generator of JAX). */
const threefry = (key: Key, x0: number, x1: number): readonly [number, number] => {
  const schedule = [key.high, key.low, key.high ^ key.low ^ 0x1bd11bda];
  let a = (x0 + schedule[0]!) | 0;
  let b = (x1 + schedule[1]!) | 0;
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[group % 2]!) {
      a = (a + b) | 0;
      b = rotate(b, by) ^ a;
    }
    a = (a + schedule[(group + 1) % 3]!) | 0;
    b = (b + schedule[(group + 2) % 3]! + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
};

/**
 * The key of a seed.
 *
 * @example
 * import { key, uniform } from "@msrl/core";
 * assert.deepStrictEqual(uniform(key(7), 3), uniform(key(7), 3)); // same key, same numbers
 * @since 0.1.0
 */
export const key = (seed: number): Key => ({ high: Math.floor(seed / 2 ** 32) >>> 0, low: seed >>> 0 });

/** The key derived from a key and a number or a name: one per step, stage, purpose; independent of all others. */
export const fold = (parent: Key, data: number | string): Key => {
  if (typeof data === "string") {
    let child = fold(parent, data.length);
    for (let at = 0; at < data.length; at++) child = fold(child, data.charCodeAt(at));
    return child;
  }
  const [high, low] = threefry(parent, Math.floor(data / 2 ** 32) >>> 0, data >>> 0);
  return { high, low };
};

/** `count` 32-bit words of a key. */
export const bits = (from: Key, count: number): Uint32Array => {
  const words = new Uint32Array(count);
  for (let at = 0; at < count; at += 2) {
    const [a, b] = threefry(from, 0x80000000, at);
    words[at] = a;
    if (at + 1 < count) words[at + 1] = b;
  }
  return words;
};

/** Uniform numbers in [0, 1): multiples of 2^-24, exact in float32. */
export const uniform = (from: Key, count: number): Float32Array =>
  Float32Array.from(bits(from, count), (word) => (word >>> 8) / 2 ** 24);

/** Standard normal numbers by the Box-Muller transform. */
export const normal = (from: Key, count: number): Float32Array => {
  const words = bits(from, 2 * count);
  return Float32Array.from({ length: count }, (_, at) => {
    const radius = Math.sqrt(-2 * Math.log((words[2 * at]! + 1) / 2 ** 32));
    return radius * Math.cos((2 * Math.PI * words[2 * at + 1]!) / 2 ** 32);
  });
};

/** A whole number in [0, below). */
export const integer = (from: Key, below: number): number => {
  const [high, low] = bits(from, 2);
  return Math.floor((((high! >>> 5) * 2 ** 26 + (low! >>> 6)) / 2 ** 53) * below);
};

/** A random order of 0 .. count - 1 (Fisher-Yates). */
export const permutation = (from: Key, count: number): Int32Array => {
  const order = Int32Array.from({ length: count }, (_, at) => at);
  const words = bits(from, count);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor((words[at]! / 2 ** 32) * (at + 1));
    const kept = order[at]!;
    order[at] = order[other]!;
    order[other] = kept;
  }
  return order;
};
