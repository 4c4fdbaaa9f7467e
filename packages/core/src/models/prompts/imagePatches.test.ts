import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { clip, picture, visionConfig } from "../../../test/tinyDecoder.js";
import { right } from "../../../test/tinyTraining.js";
import type { Media } from "../../data/index.js";
import { imagePatches } from "./imagePatches.js";

const vision = { ...visionConfig.vision!, imagePositions: 6 };

describe("patches of an image", () => {
  it("stand row by row, values by channel, row and column, 0 to 255 as -1 to 1", () => {
    // 4 x 2 pixels: red is the pixel's number, green 255, blue 0.
    const data = Uint8Array.from({ length: 24 }, (_, at) => [Math.floor(at / 3), 255, 0][at % 3]!);
    const { values, places } = right(
      E.mapLeft((message: string) => new Error(message))(
        imagePatches({ kind: "image", frames: [{ width: 4, height: 2, data }] }, vision),
      ),
    );
    const red = (pixels: readonly number[]) => pixels.map((pixel) => Math.fround(pixel / 127.5 - 1));
    expect(places).toEqual([0, 1]);
    expect(values.map((patch) => [...patch])).toEqual([
      [...red([0, 1, 4, 5]), 1, 1, 1, 1, -1, -1, -1, -1],
      [...red([2, 3, 6, 7]), 1, 1, 1, 1, -1, -1, -1, -1],
    ]);
  });

  it("are numbered from 0, the frames of a video behind all places of images", () => {
    expect(imagePatches(picture(1, 4, 6), vision)).toMatchObject({ right: { places: [0, 1, 2, 3, 4, 5] } });
    expect(imagePatches(clip(1, 3), vision)).toMatchObject({ right: { places: [6, 7, 8] } });
  });
});

describe("media that do not fit", () => {
  const pixels = (width: number, height: number, bytes = 3 * width * height) => ({
    width,
    height,
    data: new Uint8Array(bytes),
  });
  it.each<[string, Media, string]>([
    ["of an odd size", picture(1, 4, 3), "image: 4 x 3 pixels given, multiples of 2 wanted"],
    ["of no size", { kind: "image", frames: [pixels(0, 2)] }, "image: 0 x 2 pixels given, multiples of 2 wanted"],
    ["with bytes missing", { kind: "image", frames: [pixels(2, 2, 11)] }, "image: 11 bytes for 2 x 2 RGB pixels"],
    ["with too many patches", picture(1, 4, 8), "image: 8 patches given, at most 6 wanted"],
    ["without a frame", { kind: "video", frames: [] }, "video: no frame given"],
    ["with large frames", { kind: "video", frames: [pixels(4, 2)] }, "video: video frames of 2 x 2 pixels wanted"],
    ["with too many frames", clip(1, 4), "video: 4 frames given, at most 3 wanted"],
    [
      "from a file",
      { ...picture(1, 3, 3), source: "cat.png" },
      "image cat.png: 3 x 3 pixels given, multiples of 2 wanted",
    ],
  ])("%s", (_, media, message) => {
    expect(imagePatches(media, vision)).toEqual(E.left(message));
  });
});
