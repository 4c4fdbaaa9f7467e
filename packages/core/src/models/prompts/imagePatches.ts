import * as E from "fp-ts/Either";
import type { Media, Pixels } from "../../data/sample.js";
import type { VisionConfig } from "../decoder/config.js";

/** Patches of a medium, each 3 * side^2 values in [-1, 1] (channel, row, column), with the places they stand at. */
export interface Patches {
  readonly values: readonly Float32Array[];
  readonly places: readonly number[];
}

const patchOf = (frame: Pixels, side: number, top: number, left: number): Float32Array => {
  const values = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++)
        values[(channel * side + row) * side + column] =
          frame.data[((top + row) * frame.width + left + column) * 3 + channel]! / 127.5 - 1;
  return values;
};

const framePatches = (frame: Pixels, side: number): readonly Float32Array[] => {
  const [rows, columns] = [frame.height / side, frame.width / side];
  return Array.from({ length: rows * columns }, (_, at) =>
    patchOf(frame, side, Math.floor(at / columns) * side, (at % columns) * side),
  );
};

const misfit = (medium: Media, vision: VisionConfig): string | undefined => {
  const side = vision.patchSize;
  const odd = medium.frames.find(({ width, height }) => width === 0 || width % side !== 0 || height % side !== 0);
  if (odd) return `${odd.width} x ${odd.height} pixels given, multiples of ${side} wanted`;
  const short = medium.frames.find((frame) => frame.data.length !== 3 * frame.width * frame.height);
  if (short) return `${short.data.length} bytes for ${short.width} x ${short.height} RGB pixels`;
  const patches = medium.frames.reduce((sum, { width, height }) => sum + (width / side) * (height / side), 0);
  if (patches === 0) return "no frame given";
  if (medium.kind === "image")
    return patches > vision.imagePositions
      ? `${patches} patches given, at most ${vision.imagePositions} wanted`
      : undefined;
  if (patches !== medium.frames.length) return `video frames of ${side} x ${side} pixels wanted`;
  return patches > vision.videoPositions
    ? `${patches} frames given, at most ${vision.videoPositions} wanted`
    : undefined;
};

/** Cuts an image into its patches, or a video into its frames, one patch each; `Left` says what does not fit. */
export const imagePatches = (medium: Media, vision: VisionConfig): E.Either<string, Patches> => {
  const problem = misfit(medium, vision);
  if (problem !== undefined) return E.left(`${[medium.kind, medium.source].filter(Boolean).join(" ")}: ${problem}`);
  const values = medium.frames.flatMap((frame) => framePatches(frame, vision.patchSize));
  const first = medium.kind === "image" ? 0 : vision.imagePositions;
  return E.right({ values, places: values.map((_, at) => first + at) });
};
