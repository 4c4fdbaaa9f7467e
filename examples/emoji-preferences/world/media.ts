import { fold, type Key, type Media } from "@msrl/core";
import { type Fact, imageSlots, videoSlots } from "./slots.js";
import { cellSide, drawCell, type Sprites } from "./sprites.js";

const objectAt = (facts: readonly Fact[], slot: string): string | undefined =>
  facts.find((fact) => fact.slot === slot)?.object;

/** An image [32, 32, 3] of 2 x 2 cells; slots without a fact stay empty. */
export const drawImage = (sprites: Sprites, facts: readonly Fact[], caption: string, from: Key): Media => {
  const side = 2 * cellSide;
  const data = new Uint8Array(side * side * 3);
  imageSlots.forEach((slot, at) => {
    const cell = drawCell(sprites, objectAt(facts, slot), fold(from, at));
    const [left, top] = [(at % 2) * cellSide, Math.floor(at / 2) * cellSide];
    for (let y = 0; y < cellSide; y++)
      data.set(cell.subarray(y * cellSide * 3, (y + 1) * cellSide * 3), ((top + y) * side + left) * 3);
  });
  return { kind: "image", frames: [{ width: side, height: side, data }], caption };
};

const cellFrame = (sprites: Sprites, object: string | undefined, from: Key) => ({
  width: cellSide,
  height: cellSide,
  data: drawCell(sprites, object, from),
});

/** A video of three frames, each one cell [16, 16, 3]. */
export const drawVideo = (sprites: Sprites, facts: readonly Fact[], caption: string, from: Key): Media => ({
  kind: "video",
  frames: videoSlots.map((slot, at) => cellFrame(sprites, objectAt(facts, slot), fold(from, at))),
  caption,
});

/** A picture of one object alone, one cell in size; its caption is the name. */
export const drawSingle = (sprites: Sprites, object: string, from: Key): Media => ({
  kind: "image",
  frames: [cellFrame(sprites, object, from)],
  caption: object,
});
