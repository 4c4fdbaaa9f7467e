import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bits, fold, type Key, key, normal } from "@msrl/core";
import sharp from "sharp";
import { objects, type WorldObject } from "./objects.js";

/** Side of a cell in pixels: one patch, one token. */
export const cellSide = 16;

/** Sides of the sprites, one of them at random for each cell. */
export const spriteSides = [12, 13, 14] as const;

/** Standard deviation of the pixel noise, of a channel's range 0 .. 1. */
export const noiseSigma = 0.06;

/** The art, ready to be drawn: for each object, premultiplied RGBA (0 .. 255) at each of {@link spriteSides}. */
export type Sprites = Readonly<Record<string, readonly Float32Array[]>>;

const rasterSide = 64;
const artFolder = dirname(createRequire(import.meta.url).resolve("@twemoji/svg/package.json"));

/** Share of source pixel `at` that target pixel `to` covers. */
const overlap = (at: number, to: number, scale: number): number =>
  Math.min(at + 1, (to + 1) * scale) - Math.max(at, to * scale);

/** Mean of premultiplied RGBA [64, 64, 4] over the box of each target pixel: [side, side, 4]. */
const boxResize = (source: Float32Array, side: number): Float32Array => {
  const scale = rasterSide / side;
  const target = new Float32Array(side * side * 4);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let v = Math.floor(y * scale); v < Math.min(rasterSide, (y + 1) * scale); v++)
        for (let u = Math.floor(x * scale); u < Math.min(rasterSide, (x + 1) * scale); u++) {
          const weight = (overlap(v, y, scale) * overlap(u, x, scale)) / (scale * scale);
          for (let c = 0; c < 4; c++) target[(y * side + x) * 4 + c]! += weight * source[(v * rasterSide + u) * 4 + c]!;
        }
  return target;
};

const loadSprite = async (object: WorldObject): Promise<readonly Float32Array[]> => {
  const density = (72 * rasterSide) / 36; // the drawings are 36 units wide
  const image = sharp(join(artFolder, object.file), { density }).resize(rasterSide, rasterSide).ensureAlpha();
  const rgba = await image.raw().toBuffer();
  const premultiplied = Float32Array.from(rgba, (value, at) => (at % 4 === 3 ? value : (value * rgba[at | 3]!) / 255));
  return spriteSides.map((side) => boxResize(premultiplied, side));
};

/** Rasterises the 40 drawings, once: well under a second. */
export const loadSprites = async (): Promise<Sprites> =>
  Object.fromEntries(
    await Promise.all(objects.map(async (object) => [object.name, await loadSprite(object)] as const)),
  );

const noise = normal(fold(key(0), "pixel noise"), 2 ** 16).map((z) => 255 * noiseSigma * z);
const cellBytes = cellSide * cellSide * 3;

/** A plain ground, light or dark by a fair coin, its colour at random: three channels, 0 .. 255. */
const groundOf = (words: Uint32Array): readonly number[] => {
  const [darkest, lightest] = words[0]! >>> 31 === 0 ? [0, 64] : [191, 255];
  return [1, 2, 3].map((at) => darkest + ((lightest - darkest) * words[at]!) / 2 ** 32);
};

const below = (word: number, count: number): number => Math.floor((word / 2 ** 32) * count);

/** Lays a premultiplied sprite [side, side, 4] over a cell. */
const overlay = (cell: Float32Array, sprite: Float32Array, side: number, left: number, top: number): void => {
  for (let at = 0; at < side * side; at++) {
    const to = 3 * ((top + Math.floor(at / side)) * cellSide + left + (at % side));
    const through = 1 - sprite[4 * at + 3]! / 255;
    for (let c = 0; c < 3; c++) cell[to + c] = sprite[4 * at + c]! + through * cell[to + c]!;
  }
};

/**
 * One cell [16, 16, 3] in bytes: plain ground, the object's sprite at a random size and offset (none: an empty cell),
 * and Gaussian noise.
 */
export const drawCell = (sprites: Sprites, object: string | undefined, from: Key): Uint8Array => {
  const words = bits(from, 8 + cellBytes / 2);
  const ground = groundOf(words);
  const clean = new Float32Array(cellBytes);
  for (let at = 0; at < cellBytes; at++) clean[at] = ground[at % 3]!;
  if (object !== undefined) {
    const which = below(words[4]!, spriteSides.length);
    const side = spriteSides[which]!;
    const [left, top] = [below(words[5]!, cellSide - side + 1), below(words[6]!, cellSide - side + 1)];
    overlay(clean, sprites[object]![which]!, side, left, top);
  }
  const cell = new Uint8ClampedArray(cellBytes);
  for (let at = 0; at < cellBytes; at++) {
    const word = words[8 + (at >>> 1)]!;
    cell[at] = clean[at]! + noise[at % 2 === 0 ? word >>> 16 : word & 0xffff]!;
  }
  return new Uint8Array(cell.buffer);
};
