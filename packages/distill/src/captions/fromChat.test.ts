import { key, type Media, type Message, tagged } from "@msrl/core";
import type { ChatModel, ChatReply, ChatRequest } from "@msrl/core/openai";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { grey, greyOf } from "../../test/captioners.js";
import { fromChat, summaryPrompt } from "./fromChat.js";

const shownBy = ({ messages }: ChatRequest): readonly (string | number[])[] =>
  messages
    .at(-1)!
    .content.map((part) =>
      part.type === "text"
        ? part.text
        : part.media.frames.map((_, at) => greyOf({ ...part.media, frames: part.media.frames.slice(at) })),
    );

const model = (answer: (request: ChatRequest) => readonly string[]): ChatModel & { readonly asked: ChatRequest[] } => {
  const asked: ChatRequest[] = [];
  return {
    name: "vlm",
    asked,
    chat: (request) => {
      asked.push(request);
      const choices = answer(request).map((text) => ({ text, truncated: text.endsWith("-") }));
      const reply: ChatReply = { choices, promptTokens: 100, completionTokens: 5 };
      return TE.right(reply);
    },
  };
};

const video = (...values: readonly number[]): Media => ({
  kind: "video",
  frames: values.flatMap((value) => grey(value).frames),
});
const request = { key: key(3) };

describe("fromChat", () => {
  it("shows an image and asks, with a seed of the key", async () => {
    const chat = model(() => ["<think>What is it?</think>\n A fox. "]);
    const captioner = fromChat({ chat, prompt: "What?", system: "Be brief.", maxTokens: 9 });
    const result = await captioner.caption(grey(4), request)();
    expect(result).toEqual(E.right({ text: "A fox.", tokens: { prompt: 100, completion: 5 }, truncated: false }));
    await captioner.caption(grey(4), request)();
    await captioner.caption(grey(4), { key: key(4) })();
    const [first, second, third] = chat.asked;
    expect(shownBy(first!)).toEqual([[4], "What?"]);
    expect(first).toMatchObject({ samples: 1, temperature: 0, maxTokens: 9, messages: [{ role: "system" }, {}] });
    expect([first!.seed === second!.seed, first!.seed === third!.seed]).toEqual([true, false]);
  });

  it("samples where a caption was not taken, for at temperature 0 the same would come", async () => {
    const chat = model(() => ["I cannot see it"]);
    for (const temperature of [0, 1])
      for (const attempt of [0, 1, 2])
        await fromChat({ chat, temperature }).caption(grey(4), { ...request, attempt })();
    expect(chat.asked.map(({ temperature }) => temperature)).toEqual([0, 0.7, 0.7, 1, 1, 1]);
  });

  it("puts several captions together, each text once, and asks for the rest where a server gives too few", async () => {
    const answers = [["a fox", "a red fox"], ["a fox"], ["cut-"]];
    const chat = model(() => answers.shift()!);
    const result = await fromChat({ chat, captions: 4, temperature: 1 }).caption(grey(4), request)();
    const tokens = { prompt: 300, completion: 15 };
    expect(result).toEqual(E.right({ text: "a fox\na red fox\ncut-", tokens, truncated: true }));
    expect(chat.asked.map(({ samples }) => samples)).toEqual([4, 2, 1]);
    expect(new Set(chat.asked.map(({ seed }) => seed)).size).toBe(3);
  });

  it("shows chosen frames of a video in one request", async () => {
    const chat = model(() => ["A fox runs."]);
    const frames = { count: 2, by: "scenes" } as const;
    await fromChat({ chat, videoPrompt: "What happens?", frames }).caption(video(1, 1, 9, 9), request)();
    expect(chat.asked.map(shownBy)).toEqual([[[1, 9], "What happens?"]]);
  });

  it("captions frames one by one and sums them up", async () => {
    const chat = model(({ messages }) => {
      const [part] = (messages.at(-1) as Message).content;
      return [part?.type === "media" ? `grey ${greyOf(part.media)}` : "It gets lighter."];
    });
    const captioner = fromChat({ chat, prompt: "What?", summary: summaryPrompt, frames: { count: 3 } });
    const result = await captioner.caption(video(1, 2, 3), request)();
    const tokens = { prompt: 400, completion: 20 };
    expect(result).toEqual(E.right({ text: "It gets lighter.", tokens, truncated: false }));
    expect(chat.asked.map(shownBy)).toEqual([
      [[1], "What?"],
      [[2], "What?"],
      [[3], "What?"],
      [`${summaryPrompt}\n\n1. grey 1\n2. grey 2\n3. grey 3`],
    ]);
    await captioner.caption(grey(1), request)();
    expect(chat.asked.length).toBe(5); // one caption of an image has nothing to be summed up with
  });

  it("says who failed, and what has no pictures", async () => {
    const failure = tagged("ChatError", "status 404", { url: "u", attempts: 1 });
    const chat: ChatModel = { name: "vlm", chat: () => TE.left(failure) };
    const of = async (medium: Media) => {
      const result = await fromChat({ chat }).caption(medium, request)();
      return E.isLeft(result) ? result.left : undefined;
    };
    const mute = await fromChat({ chat: model(() => []) }).caption(grey(1), request)();
    expect(E.isLeft(mute) && mute.left.message).toBe("captioner vlm: a reply without choices");
    expect(await of(grey(1))).toMatchObject({ message: "captioner vlm: status 404", final: true });
    expect((await of({ kind: "video", frames: [], source: "a.webp" }))?.message).toBe(
      "captioner vlm: the video (a.webp) has no pictures, wanted one at least",
    );
  });

  it("has a fingerprint of all that a caption depends on", () => {
    const chat = model(() => []);
    const of = (options: object) => fromChat({ chat, ...options }).fingerprint;
    const changes = [
      { prompt: "x" },
      { videoPrompt: "x" },
      { system: "x" },
      { maxTokens: 1 },
      { temperature: 1 },
      { retryTemperature: 1 },
      { captions: 2 },
      { frames: { count: 3 } },
      { frames: { by: "scenes" } },
      { summary: "x" },
      { chat: { ...chat, name: "other" } },
    ];
    expect(new Set([{}, ...changes].map(of)).size).toBe(changes.length + 1);
    expect(of({ frames: { count: 8 } })).toBe(of({}));
    expect(() => fromChat({ chat, maxTokens: 0, prompt: " " })).toThrow(/prompt[\s\S]*maxTokens/);
    expect(() => fromChat({ chat, frames: { count: 0 } })).toThrow(/count/);
  });
});
