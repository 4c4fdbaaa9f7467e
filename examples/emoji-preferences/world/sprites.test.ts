import { fold, key } from "@msrl/core";
import { beforeAll, expect, test } from "vitest";
import { objects } from "./objects.js";
import { cellSide, drawCell, loadSprites, noiseSigma, type Sprites, spriteSides } from "./sprites.js";

let sprites: Sprites;
beforeAll(async () => {
  sprites = await loadSprites();
});

test("every object has a sprite at each side, drawn somewhere", () => {
  for (const { name } of objects)
    spriteSides.forEach((side, at) => {
      const sprite = sprites[name]![at]!;
      expect(sprite).toHaveLength(side * side * 4);
      expect(sprite.filter((value, n) => n % 4 === 3 && value > 128).length).toBeGreaterThan(20);
    });
});

test("box resize keeps the mean of the drawing", () => {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const sides of Object.values(sprites)) {
    expect(Math.abs(mean(sides[0]!) - mean(sides[1]!))).toBeLessThan(1e-3);
    expect(Math.abs(mean(sides[0]!) - mean(sides[2]!))).toBeLessThan(1e-3);
  }
});

test("a cell is decided by its key", () => {
  expect(drawCell(sprites, "fox", key(3))).toEqual(drawCell(sprites, "fox", key(3)));
  expect(drawCell(sprites, "fox", key(3))).not.toEqual(drawCell(sprites, "fox", key(4)));
  expect(drawCell(sprites, "fox", key(3))).toHaveLength(cellSide * cellSide * 3);
});

test("an empty cell is one colour, light or dark, with noise of the stated size", () => {
  const spreads: number[] = [];
  const grounds: number[] = [];
  for (let at = 0; at < 200; at++) {
    const cell = drawCell(sprites, undefined, fold(key(0), at));
    const red = Array.from(cell).filter((_, n) => n % 3 === 0);
    const mean = red.reduce((sum, value) => sum + value, 0) / red.length;
    grounds.push(mean);
    // Clipping at 0 and 255 narrows the noise: only grounds well inside count.
    if (mean > 45 && mean < 210)
      spreads.push(Math.sqrt(red.reduce((sum, value) => sum + (value - mean) ** 2, 0) / red.length) / 255);
  }
  expect(grounds.filter((mean) => mean > 127).length / 200).toBeCloseTo(0.5, 0.7);
  expect(spreads.length).toBeGreaterThan(20);
  expect(spreads.reduce((sum, value) => sum + value, 0) / spreads.length).toBeCloseTo(noiseSigma, 2);
});
