import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoadImage } from "./images.js";
import { type ReadSamplesOptions, readSamples, readSamplesTask } from "./readSamples.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-samples-"));
  file = join(folder, "pairs.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a picture called 12.png as one frame of one grey pixel 12, 3x12.webp as three of them. */
const loadImage: LoadImage = async (path) => {
  const match = /(?:(\d+)x)?(\d+)\.\w+$/.exec(path);
  if (!match) throw Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" });
  const frame = { width: 1, height: 1, data: new Uint8Array(3).fill(Number(match[2])) };
  return Array.from({ length: Number(match[1] ?? 1) }, () => frame);
};
const _grey = (value: number) => ({ width: 1, height: 1, data: new Uint8Array(3).fill(value) });

const read = (rows: readonly (object | string)[], options: ReadSamplesOptions = {}) => {
  writeFileSync(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return readSamples(file, { loadImage, ...options });
};

const row = (fields: object = {}) => ({ task_type: "text", query: "q", responses: ["a", "b"], ...fields });

describe("what ends the reading", () => {
  const errorOf = async (path: string, options: object = {}) => {
    const result = await readSamplesTask(path, { loadImage, ...options })();
    if (E.isRight(result)) throw new Error("no error");
    return result.left;
  };

  it("a missing file, or a folder", async () => {
    expect(await errorOf(file)).toMatchObject({
      _tag: "SamplesUnreadable",
      message: `${file}: samples cannot be read: no such file`,
    });
    expect(await errorOf(folder)).toMatchObject({ _tag: "SamplesUnreadable" });
  });

  it("the first bad row, if asked for", async () => {
    await read([row(), row({ label: "C" }), "{"]);
    expect(await errorOf(file, { onProblem: "fail" })).toMatchObject({
      _tag: "BadSample",
      line: 2,
      field: "label",
      message: `${file}:2: label is "C", wanted "A" or "B"`,
    });
  });

  it("nothing that reads pictures", async () => {
    await read([row({ images: ["1.png"] })]);
    const missing: LoadImage = () => Promise.reject(tagged("ImagesUnavailable", "no sharp", { wanted: "sharp" }));
    expect(await errorOf(file, { loadImage: missing })).toMatchObject({
      _tag: "ImagesUnavailable",
      message: "no sharp",
    });
  });

  it("an unknown option", async () => {
    expect((await errorOf(file, { onProblem: "drop" })).message).toBe(
      'readSamples: onProblem is "drop", wanted "skip" or "fail"',
    );
    expect((await errorOf(file, { skip: true })).message).toBe(
      "readSamples: unknown option skip, wanted one of loadImage, root, onProblem",
    );
  });
});
