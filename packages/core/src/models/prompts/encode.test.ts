import { describe, expect, it } from "vitest";
import { clip, encoded, idTokenizer, picture, promptOf, textConfig, visionConfig } from "../../../test/tinyDecoder.js";
import type { Prompt } from "../../data/index.js";
import type { DecoderConfig } from "../decoder/config.js";
import { encodePrompt } from "./encode.js";
import type { ChatTokenizer } from "./tokenizer.js";

describe("an encoded prompt", () => {
  it("has a token a patch where its media stand, numbered behind the vocabulary through all media", () => {
    const prompt = promptOf("p", [3], picture(1, 4, 2), [4, 5], clip(2, 3), [6]);
    const { id, ids, patches } = encoded(visionConfig, prompt);
    expect(id).toBe("p");
    expect(ids).toEqual([3, 23, 24, 4, 5, 25, 26, 27, 6]);
    expect(patches.places).toEqual([0, 1, 4, 5, 6]);
    expect(patches.values.map((patch) => patch.length)).toEqual([12, 12, 12, 12, 12]);
  });

  it("is its tokens alone without media", () => {
    expect(encoded(textConfig, promptOf("p", [3, 4]))).toEqual({
      id: "p",
      ids: [3, 4],
      patches: { values: [], places: [] },
    });
  });
});

describe("a prompt that cannot be read", () => {
  const refusing: ChatTokenizer = {
    ...idTokenizer,
    chat: () => {
      throw new Error("roles must alternate");
    },
  };
  it.each<[string, Prompt, string, DecoderConfig?, ChatTokenizer?]>([
    [
      "media for a text model",
      promptOf("p", picture(1, 2, 2), [3]),
      "media given to a model without vision",
      textConfig,
    ],
    [
      "an image of a wrong size",
      promptOf("p", picture(1, 3, 2), [3]),
      "image: 3 x 2 pixels given, multiples of 2 wanted",
    ],
    [
      "too many patches",
      promptOf("p", picture(1, 6, 2), picture(1, 6, 4), [3]),
      "image: 6 patches given, at most 4 wanted",
    ],
    [
      "media without a place in the template",
      promptOf("p", picture(1, 2, 2), [3]),
      "1 media given, the rendered prompt has places for 0",
      visionConfig,
      { ...idTokenizer, chat: () => "3 4" },
    ],
    ["a place without media", promptOf("p", [3, 1, 4]), "0 media given, the rendered prompt has places for 1"],
    ["nothing at all", promptOf("p", []), "it renders to no token"],
    [
      "a medium at its end",
      promptOf("p", [3], picture(1, 2, 2)),
      "it ends with a medium; the chat template has to put a token behind it",
    ],
    ["a token that the model does not have", promptOf("p", [3, 23]), "token 23 given, the model has 0 to 22"],
    [
      "a template that refuses it",
      promptOf("p", [3]),
      "the chat template refuses it: roles must alternate",
      visionConfig,
      refusing,
    ],
  ])("for %s says so", (_, prompt, message, config = visionConfig, tokenizer = idTokenizer) => {
    expect(encodePrompt(config, tokenizer)(prompt)).toMatchObject({
      left: { _tag: "BadPrompt", id: "p", message: `prompt p: ${message}` },
    });
  });
});
