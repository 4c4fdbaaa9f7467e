import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sharpImages } from "./sharpImages.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-images-"));
});
afterEach(() => {
  vi.doUnmock("sharp");
  rmSync(folder, { recursive: true, force: true });
});

const { loadImage, saveImage } = sharpImages();

const raw = (channels: 1 | 2 | 3 | 4, data: readonly number[]) =>
  sharp(Uint8Array.from(data), { raw: { width: data.length / channels, height: 1, channels } });

it("writes and reads a picture without loss", async () => {
  const picture = { width: 2, height: 3, data: Uint8Array.from({ length: 18 }, (_, at) => (at * 37) % 256) };
  const path = join(folder, "a.png");
  await saveImage(path, picture);
  expect(await loadImage(path)).toEqual([picture]);
});

it.each([
  ["grey", raw(1, [7, 8]).toColourspace("b-w"), [7, 7, 7, 8, 8, 8]],
  ["grey of 16 bits", raw(1, [7, 8]).toColourspace("grey16"), [7, 7, 7, 8, 8, 8]],
  ["colour of 16 bits", raw(3, [7, 8, 9]).toColourspace("rgb16"), [7, 8, 9]],
  ["transparent", raw(4, [1, 2, 3, 0, 1, 2, 3, 255]), [255, 255, 255, 1, 2, 3]],
  ["grey and transparent", raw(2, [1, 0, 1, 255]), [255, 255, 255, 1, 1, 1]],
])("gives RGB bytes of a picture that is %s", async (_, picture, data) => {
  const path = join(folder, "a.png");
  await picture.png().toFile(path);
  expect(await loadImage(path)).toEqual([{ width: data.length / 3, height: 1, data: Uint8Array.from(data) }]);
});

it.each(["webp", "gif"] as const)("gives the frames of an animated %s", async (kind) => {
  const grey = [10, 120, 240];
  const data = Uint8Array.from(grey.flatMap((value) => new Array<number>(12).fill(value)));
  const path = join(folder, `a.${kind}`);
  const picture = sharp(data, { raw: { width: 2, height: 6, channels: 3, pageHeight: 2 } });
  await (kind === "webp" ? picture.webp({ lossless: true }) : picture.gif()).toFile(path);
  const frames = await loadImage(path);
  expect(frames.map(({ width, height, data: [value] }) => [width, height, value])).toEqual(
    grey.map((value) => [2, 2, value]),
  );
});

it("reads a file anew each time", async () => {
  const path = join(folder, "a.png");
  for (const value of [1, 2]) {
    await saveImage(path, { width: 1, height: 1, data: new Uint8Array(3).fill(value) });
    expect((await loadImage(path))[0]!.data[0]).toBe(value);
  }
});

it("rejects what is no picture", async () => {
  await expect(loadImage(join(folder, "none.png"))).rejects.toMatchObject({ code: "ENOENT" });
  writeFileSync(join(folder, "a.png"), "no picture");
  await expect(loadImage(join(folder, "a.png"))).rejects.toThrow(/unsupported image format/);
});

it("says that sharp is wanted if it is not installed", async () => {
  vi.doMock("sharp", () => {
    throw new Error("Cannot find package 'sharp'");
  });
  await expect(loadImage("a.png")).rejects.toMatchObject({
    _tag: "ImagesUnavailable",
    message: expect.stringMatching(/^pictures need the package sharp \(npm install sharp\): /),
  });
});
