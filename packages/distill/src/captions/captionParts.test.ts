import type { Media, Part, Prompt } from "@msrl/core";
import { media, text } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { captionParts } from "./captionParts.js";

const video = (caption?: string): Media => ({
  kind: "video",
  frames: [],
  ...(caption === undefined ? {} : { caption }),
});

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.string().map(text),
  fc.string().map((value) => media(video(`c${value}`))),
);
const prompt: fc.Arbitrary<Prompt> = fc.record({
  id: fc.string(),
  messages: fc.array(fc.record({ role: fc.constantFrom("system", "user"), content: fc.array(part) })),
});

describe("captionParts", () => {
  it("replaces each media part by its caption and leaves all else", () => {
    fc.assert(
      fc.property(prompt, (value) => {
        const result = captionParts()(value);
        const inText = (one: Part) => (one.type === "media" ? text(one.media.caption ?? "") : one);
        const messages = value.messages.map((message) => ({ ...message, content: message.content.map(inText) }));
        expect(result).toEqual(E.right({ ...value, messages }));
        expect(E.isRight(result) && captionParts()(result.right)).toEqual(result); // nothing is left to replace
      }),
    );
  });

  it("counts media over all messages for the marker", () => {
    const content = [media(video("x")), text(" or "), media(video("y"))];
    const value: Prompt = {
      id: "p",
      messages: [
        { role: "user", content },
        { role: "user", content: [media(video("z"))] },
      ],
    };
    const result = captionParts({ mark: (caption, { kind }, index) => `${kind} ${"ABC"[index]} ${caption}` })(value);
    expect(E.isRight(result) && result.right.messages.map((message) => message.content)).toEqual([
      [text("video A x"), text(" or "), text("video B y")],
      [text("video C z")],
    ]);
  });

  it("names the prompt and every medium without a caption", () => {
    const value: Prompt = {
      id: "p",
      messages: [{ role: "user", content: [text("?"), media(video()), media(video("y"))] }],
    };
    const result = captionParts()(value);
    expect(E.isLeft(result) && [result.left.sample, result.left.media]).toEqual([
      "p",
      ["video at part 2 of message 1 (user)"],
    ]);
  });
});
