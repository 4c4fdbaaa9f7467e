import type { Media, PreferenceSample } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { captionSample } from "./captionSample.js";

const image = (caption?: string, source?: string): Media => ({
  kind: "image",
  frames: [],
  ...(caption === undefined ? {} : { caption }),
  ...(source === undefined ? {} : { source }),
});

const understanding: PreferenceSample = {
  id: "u1",
  task: "image_understanding",
  query: "What is north?",
  context: [image("a fox"), image("a rose")],
  responses: ["a dog", "a fox"],
  label: "B",
};

const generation: PreferenceSample = {
  ...understanding,
  id: "g1",
  task: "image_generation",
  context: [],
  responses: [image("a ship"), image("a fox")],
};

const medium: fc.Arbitrary<Media> = fc
  .tuple(
    fc.constantFrom("image", "video"),
    fc.string().map((text) => `c ${text}`),
  )
  .map(([kind, caption]) => ({ kind, frames: [], caption }) as const);
const response = fc.oneof(fc.string(), medium);
const sample: fc.Arbitrary<PreferenceSample> = fc
  .tuple(fc.array(medium, { maxLength: 3 }), response, response)
  .map(([context, a, b]) => ({ ...understanding, context, responses: [a, b] }));

describe("captionSample", () => {
  it("puts captions where the media stood, in context and answers", () => {
    expect(captionSample()(understanding)).toEqual(E.right({ ...understanding, context: ["a fox", "a rose"] }));
    expect(captionSample()(generation)).toEqual(E.right({ ...generation, responses: ["a ship", "a fox"] }));
  });

  it("marks captions by kind and place", () => {
    const mark = (caption: string, { kind }: Media, index: number) => `${kind} ${index}: ${caption}`;
    const mixed: PreferenceSample = { ...generation, context: [image("a map")], responses: ["text", image("a fox")] };
    const result = captionSample({ mark })(mixed);
    expect(result).toEqual(E.right({ ...mixed, context: ["image 0: a map"], responses: ["text", "image 1: a fox"] }));
    const both = captionSample({ mark })(generation);
    expect(E.isRight(both) && both.right.responses).toEqual(["image 0: a ship", "image 1: a fox"]);
  });

  it("keeps every place, every text and all other fields", () => {
    fc.assert(
      fc.property(sample, (value) => {
        const result = captionSample()(value);
        if (E.isLeft(result)) throw result.left;
        const inText = (part: string | Media) => (typeof part === "string" ? part : part.caption);
        expect(result.right).toEqual({
          ...value,
          context: value.context.map(inText),
          responses: value.responses.map(inText),
        });
      }),
    );
  });

  it("names the sample and every medium without a caption", () => {
    const bad = { ...generation, context: [image("  ", "map.png")], responses: [image(), image("a fox")] } as const;
    const result = captionSample()(bad);
    expect(E.isLeft(result) && result.left).toMatchObject({
      _tag: "CaptionMissing",
      sample: "g1",
      media: ["image at context 1 (map.png)", "image at response A"],
      message:
        "sample g1: no caption for image at context 1 (map.png), image at response A; wanted one for every medium",
    });
  });
});
