import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Media, type Pixels, type PreferenceSample, taskTypes } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSamples } from "./readSamples.js";
import { writeSamples, writeSamplesTask } from "./writeSamples.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-samples-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pixels = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
  .chain(
    ([width, height]): fc.Arbitrary<Pixels> =>
      fc
        .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
        .map((data) => ({ width, height, data })),
  );
const anyText = fc.string({ unit: "grapheme" });
const media: fc.Arbitrary<Media> = fc
  .record({ image: fc.boolean(), frames: fc.array(pixels, { maxLength: 2 }), caption: fc.option(anyText) })
  .map(({ image, frames, caption }) => ({
    kind: image ? ("image" as const) : ("video" as const),
    frames: image ? frames.slice(0, 1) : frames,
    ...(frames.length === 0 || caption !== null ? { caption: caption ?? "" } : {}),
  }));
const response = fc.oneof(anyText, media);
const samples: fc.Arbitrary<readonly PreferenceSample[]> = fc.uniqueArray(
  fc
    .record({
      id: anyText,
      task: fc.constantFrom(...taskTypes),
      query: anyText,
      context: fc.array(media, { maxLength: 3 }),
      responses: fc.tuple(response, response),
      label: fc.option(fc.constantFrom("A" as const, "B" as const)),
    })
    .map(({ label, ...rest }) => ({ ...rest, ...(label === null ? {} : { label }) })),
  { selector: ({ id }) => id, maxLength: 4 },
);

const withoutSource = (media: Media | string): Media | string => {
  if (typeof media === "string") return media;
  const { source, ...rest } = media;
  return rest;
};

it("writes what is read again, pictures to the last bit", async () => {
  await fc.assert(
    fc.asyncProperty(samples, async (written) => {
      const file = join(folder, "new", "pairs.jsonl");
      const { rows } = await writeSamples(file, written);
      const { samples: read, problems } = await readSamples(file);
      expect([problems, rows]).toEqual([[], written.length]);
      const bare = read.map((sample) => ({
        ...sample,
        context: sample.context.map(withoutSource),
        responses: sample.responses.map(withoutSource),
      }));
      expect(bare).toStrictEqual(written);
      rmSync(join(folder, "new"), { recursive: true });
    }),
    { numRuns: 30 },
  );
});

it("writes plain rows, each picture once", async () => {
  const picture = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
  const image: Media = { kind: "image", frames: [picture], caption: "a dot" };
  const video: Media = { kind: "video", frames: [picture, picture] };
  const sample: PreferenceSample = {
    id: "s",
    task: "image_generation",
    query: "a dot",
    context: [image, video],
    responses: [image, "none"],
    label: "A",
  };
  const file = join(folder, "pairs.jsonl");
  expect(await writeSamples(file, [sample])).toEqual({ rows: 1, pictures: 1 });
  const [name] = readdirSync(join(folder, "pairs-images"));
  const path = `pairs-images/${name}`;
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
    id: "s",
    task_type: "image_generation",
    query: "a dot",
    images: [path],
    videos: [[path, path]],
    responses: [{ image: path }, "none"],
    label: "A",
    captions: ["a dot", null, "a dot"],
  });
  await writeSamples(file, [{ ...sample, context: [video, image] }]);
  expect(JSON.parse(readFileSync(file, "utf8")).context).toEqual([{ video: [path, path] }, { image: path }]);
  expect(readdirSync(folder).sort()).toEqual(["pairs-images", "pairs.jsonl"]);
});

it("says what it cannot write", async () => {
  writeFileSync(join(folder, "file"), "");
  const result = await writeSamplesTask(join(folder, "file", "pairs.jsonl"), [])();
  expect(E.isLeft(result) && result.left._tag).toBe("SamplesUnwritable");
});
