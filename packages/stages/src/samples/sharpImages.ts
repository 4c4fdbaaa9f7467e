import { readFile } from "node:fs/promises";
import { isTagged, type Pixels, tagged } from "@msrl/core";
import type { ImagesUnavailable, LoadImage, SaveImage } from "./images.js";

const wanted = "sharp";

const openSharp = async () => {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw tagged("ImagesUnavailable", `pictures need the package sharp (npm install sharp): ${problem}`, { wanted });
  }
};

/** Whether an error says that pictures cannot be handled at all. */
export const isImagesUnavailable = (cause: unknown): cause is ImagesUnavailable =>
  isTagged(cause) && cause._tag === "ImagesUnavailable";

/** Cuts the frames of an animation, which lie one below the other, apart. */
const framesOf = (data: Uint8Array, width: number, height: number, count: number): readonly Pixels[] =>
  Array.from({ length: count }, (_, at) => {
    const length = 3 * width * height;
    return { width, height, data: data.slice(at * length, (at + 1) * length) };
  });

/**
 * Reads and writes pictures with sharp (an optional peer dependency, loaded at the first picture).
 *
 * Reads PNG, JPEG, WebP, GIF, AVIF, TIFF and SVG; animated WebP and GIF give their frames. Turned as EXIF says,
 * converted to sRGB, transparency laid on white. Writes PNG.
 *
 * Errors: ImagesUnavailable if sharp is not installed; otherwise the Error of the file system or of sharp.
 *
 * @see sharp, https://sharp.pixelplumbing.com
 * @since 0.1.0
 */
export const sharpImages = (): { readonly loadImage: LoadImage; readonly saveImage: SaveImage } => {
  const loadImage: LoadImage = async (path) => {
    const sharp = await openSharp();
    const file = await readFile(path); // not by name: libvips keeps opened files in a cache
    const { pages = 1 } = await sharp(file).metadata();
    const picture = pages > 1 ? sharp(file, { animated: true }) : sharp(file).autoOrient();
    const { data, info } = await picture
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return framesOf(new Uint8Array(data), info.width, info.height / pages, pages);
  };
  const saveImage: SaveImage = async (path, { width, height, data }) => {
    const sharp = await openSharp();
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path);
  };
  return { loadImage, saveImage };
};
