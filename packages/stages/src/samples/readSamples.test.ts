import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoadImage } from "./images.js";
import { type ReadSamplesOptions, readSamples } from "./readSamples.js";

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
const grey = (value: number) => ({ width: 1, height: 1, data: new Uint8Array(3).fill(value) });

const read = (rows: readonly (object | string)[], options: ReadSamplesOptions = {}) => {
  writeFileSync(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return readSamples(file, { loadImage, ...options });
};

const row = (fields: object = {}) => ({ task_type: "text", query: "q", responses: ["a", "b"], ...fields });

describe("rows that can be used", () => {
  it("text, with every name of the label and of the task", async () => {
    const rows = [
      row({ id: "one", label: "A" }),
      row({ id: 2, chosen: "B", extra: [1] }),
      row({ solution: "A", label: null }),
      { task: "text", query: "q", responses: ["a", "b"] },
    ];
    const { samples, problems, skipped } = await read(rows);
    expect([problems, skipped]).toEqual([[], 0]);
    expect(samples.map(({ id, label }) => [id, label])).toEqual([
      ["one", "A"],
      ["2", "B"],
      ["pairs.jsonl:3", "A"],
      ["pairs.jsonl:4", undefined],
    ]);
    expect(samples[3]).toStrictEqual({
      id: "pairs.jsonl:4",
      task: "text",
      query: "q",
      context: [],
      responses: ["a", "b"],
    });
  });

  it("images, videos by frames and by animation, answers that are media, captions in this order", async () => {
    const { samples, problems } = await read([
      row({
        task_type: "video_generation",
        images: ["1.png"],
        videos: [["2.png", "3.png"], "3x4.webp"],
        responses: [{ video: ["5.png"] }, { image: "6.png" }],
        captions: ["one", null, "four", "five", null],
      }),
    ]);
    expect(problems).toEqual([]);
    expect(samples[0]!.context).toStrictEqual([
      { kind: "image", frames: [grey(1)], caption: "one", source: "1.png" },
      { kind: "video", frames: [grey(2), grey(3)], source: "2.png" },
      { kind: "video", frames: [grey(4), grey(4), grey(4)], caption: "four", source: "3x4.webp" },
    ]);
    expect(samples[0]!.responses).toStrictEqual([
      { kind: "video", frames: [grey(5)], caption: "five", source: "5.png" },
      { kind: "image", frames: [grey(6)], source: "6.png" },
    ]);
  });

  it("captions without pictures, and media in one column where their order matters", async () => {
    const context = [{ video: ["1.png"] }, { image: null }];
    const { samples, problems } = await read([row({ context, captions: [null, "a fox"] })]);
    expect(problems).toEqual([]);
    expect(samples[0]!.context.map(({ kind, frames, caption }) => [kind, frames.length, caption])).toEqual([
      ["video", 1, undefined],
      ["image", 0, "a fox"],
    ]);
  });

  it("Windows line ends, a byte order mark, blank lines, and U+2028 inside a text", async () => {
    const line = JSON.stringify(row({ query: "a\u2028b \u00e9\u{1f98a}" }));
    const { samples, problems } = await read([`\ufeff${line}\r`, "", "  ", `${line}\r`]);
    expect(problems).toEqual([]);
    expect(samples.map(({ id, query }) => [id, query])).toEqual([
      ["pairs.jsonl:1", "a\u2028b \u00e9\u{1f98a}"],
      ["pairs.jsonl:4", "a\u2028b \u00e9\u{1f98a}"],
    ]);
  });

  it("paths beside the file or under a root; a picture that rows share is read once", async () => {
    const asked: string[] = [];
    const spy: LoadImage = (path) => {
      asked.push(path);
      return loadImage(path);
    };
    const rows = [row({ images: ["p/1.png"] }), row({ images: ["p/1.png"] })];
    const { samples } = await read(rows, { loadImage: spy });
    expect(samples[0]!.context[0]!.frames[0]).toBe(samples[1]!.context[0]!.frames[0]);
    await read(rows, { loadImage: spy, root: "/data" });
    expect(asked).toEqual([join(folder, "p/1.png"), "/data/p/1.png"]);
  });
});

describe("rows that cannot be used are skipped and told", () => {
  it.each<[object | string, readonly string[]]>([
    ["{", ["the row is not valid JSON: "]],
    [{}, ["task_type is missing, wanted text, image_", "query is missing", "responses is missing, wanted the two"]],
    [row({ label: "C" }), ['label is "C", wanted "A" or "B"']],
    [row({ id: "good" }), ['id is "good", as in an earlier row']],
    [row({ images: ["1.png", "fox.png"] }), ["images[1] cannot read "]],
    [row({ images: ["2x1.webp"] }), ["images[0] ", "has 2 frames: name it as a video"]],
    [row({ videos: ["0x1.webp"] }), ["has no frames"]],
  ])("%j", async (bad, messages) => {
    const { samples, problems, skipped } = await read([row({ id: "good" }), bad, row({ id: "last" })]);
    expect([samples.map(({ id }) => id), skipped]).toEqual([["good", "last"], 1]);
    const told = problems.map(({ message }) => message).join("\n");
    for (const message of messages) expect(told).toContain(message);
    for (const problem of problems) {
      expect([problem.file, problem.line]).toEqual([file, 2]);
      expect(problem.message.startsWith(`${file}:2: ${problem.field ?? "the row"} `)).toBe(true);
    }
  });

  it("bad UTF-8 and wrong sizes of pictures", async () => {
    const line = JSON.stringify(row({ images: ["1.png"] }));
    writeFileSync(file, Buffer.concat([Buffer.from([0x22, 0xff, 0x22, 0x0a]), Buffer.from(line)]));
    const wrong: LoadImage = async () => [{ width: 2, height: 2, data: new Uint8Array(3) }];
    const { problems, skipped } = await readSamples(file, { loadImage: wrong });
    expect(skipped).toBe(2);
    expect(problems.map(({ message }) => message.slice(file.length))).toEqual([
      ":1: the row is not valid UTF-8",
      `:2: images[0] ${join(folder, "1.png")} has 3 bytes for 2 x 2 RGB pixels`,
    ]);
  });

  it("never throws and never loses a row, whatever a line holds", async () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .object({ key: fc.constantFrom(...Object.keys(row({ images: 0, id: 0 }))) })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          anything.map((line) => line.replace(/[\r\n]/g, "")),
          { maxLength: 5 },
        ),
        async (lines) => {
          const { samples, skipped, problems } = await read(lines);
          expect(samples.length + skipped).toBe(lines.filter((line) => line.trim() !== "").length);
          expect(new Set(problems.map(({ line }) => line)).size).toBe(skipped);
        },
      ),
      { numRuns: 50 },
    );
  });
});
