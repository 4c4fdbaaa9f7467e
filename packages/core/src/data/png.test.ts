import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodePng } from "./png.js";

const pictures = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
      .map((data) => ({ width, height, data })),
  );

describe("encodePng", () => {
  it("is read back, pixel for pixel, by another program", async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const { data, info } = await sharp(encodePng(picture)).raw().toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([picture.width, picture.height, 3]);
        expect([...data]).toEqual([...picture.data]);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a picture with bytes missing", () => {
    expect(() => encodePng({ width: 2, height: 1, data: new Uint8Array(3) })).toThrow(
      "a picture of 2 x 1 holds 6 bytes, the one given 3",
    );
  });
});
