import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as E from "fp-ts/Either";
import { afterEach, describe, expect, it } from "vitest";
import { media, type Prompt, text } from "../data/prompt.js";
import { toPromise } from "../errors.js";
import { key } from "../rng.js";
import { gate } from "./gate.js";
import { openaiChat, openaiPolicy } from "./index.js";

type Handler = (body: Record<string, unknown>, request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/** A server that answers as it is told, one handler a request, the last one for all that follow. */
const served = async (...handlers: readonly Handler[]) => {
  const asked: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    asked.push(body);
    handlers[Math.min(asked.length, handlers.length) - 1]!(body, request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, asked };
};

const says =
  (replies: readonly string[], more: object = {}): Handler =>
  (_, __, response) =>
    response.end(
      JSON.stringify({
        choices: replies.map((content) => ({ message: { content }, finish_reason: "stop", ...more })),
        usage: { prompt_tokens: 7, completion_tokens: 3 },
      }),
    );

const status =
  (code: number, said: string, headers: Record<string, string> = {}): Handler =>
  (_, __, response) =>
    response.writeHead(code, headers).end(said);

const question = (id: string): Prompt => ({ id, messages: [{ role: "user", content: [text("A or B?")] }] });
const request = { messages: question("q").messages };

describe("openaiChat", () => {
  it("sends what the interface names: images as data URLs, a key as a bearer token", async () => {
    let authorization: string | undefined;
    const { url, asked } = await served((body, received, response) => {
      authorization = received.headers.authorization;
      says(["hello"])(body, received, response);
    });
    const chat = openaiChat({ url, model: "m", apiKey: "secret" });
    const image = { kind: "image" as const, frames: [{ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }] };
    const messages = [{ role: "user" as const, content: [text("what?"), media(image)] }];
    const reply = await toPromise(chat.chat({ messages, temperature: 0, maxTokens: 5, seed: 3, extra: { top_k: 4 } }));
    expect(reply).toEqual({ choices: [{ text: "hello", truncated: false }], promptTokens: 7, completionTokens: 3 });
    expect(authorization).toBe("Bearer secret");
    expect(asked[0]).toMatchObject({
      model: "m",
      n: 1,
      temperature: 0,
      max_tokens: 5,
      seed: 3,
      top_k: 4,
      stream: false,
    });
    const [sent] = asked[0]!.messages as { content: { type: string; image_url?: { url: string } }[] }[];
    expect(sent!.content.map(({ type }) => type)).toEqual(["text", "image_url"]);
    expect(sent!.content[1]!.image_url!.url).toMatch(/^data:image\/png;base64,iVBOR/);
  });

  it("asks again after growing waits, or the one the server wants", async () => {
    const { url, asked } = await served(
      status(503, "busy"),
      status(429, "slow down", { "retry-after": "2" }),
      (_, __, response) => response.destroy(),
      (_, __, response) => response.end("{"),
      says(["at last"]),
    );
    const waits: number[] = [];
    const sleep = async (milliseconds: number) => void waits.push(milliseconds);
    const chat = openaiChat({ url, model: "m", attempts: 5, delay: 10, sleep });
    expect((await toPromise(chat.chat(request))).choices[0]!.text).toBe("at last");
    expect([waits, asked.length]).toEqual([[10, 2000, 40, 80], 5]);
  });

  it.each([
    [status(404, "no such model"), /m at .*\/v1\/chat\/completions: status 404: no such model$/, 1],
    [status(500, ""), /status 500 \(asked 2 times\)$/, 2],
    [says([]), /no chat completion: no choices/, 1],
    [((_, __, response) => response.end('{"choices":[{}]}')) as Handler, /choice 0 has no message.content/, 1],
  ])("says what went wrong %#", async (handler, message, times) => {
    const { url, asked } = await served(handler);
    const result = await openaiChat({ url, model: "m", attempts: 2, sleep: async () => {}, apiKey: "secret" }).chat(
      request,
    )();
    expect(E.isLeft(result) && result.left).toMatchObject({
      _tag: "ChatError",
      message: expect.stringMatching(message),
    });
    expect([asked.length, JSON.stringify(result).includes("secret")]).toEqual([times, false]);
  });

  it.each([
    ["A, since", { role: "assistant", content: "A, since</answer> and" }],
    ["", { role: "assistant", content: null, reasoning_content: "hm" }],
    ["", { role: "assistant" }],
  ])("reads %j out of a message, whatever the server keeps of it", async (expected, message) => {
    const { url } = await served((_, __, response) =>
      response.end(JSON.stringify({ choices: [{ message, finish_reason: "length" }] })),
    );
    const reply = await toPromise(openaiChat({ url, model: "m" }).chat({ ...request, stop: ["!", "</answer>"] }));
    expect(reply.choices).toEqual([{ text: expected, truncated: true }]);
  });

  it("gives up after its time, and when it is called off", async () => {
    const { url, asked } = await served(() => {});
    const slow = openaiChat({ url, model: "m", attempts: 2, timeout: 20, sleep: async () => {} });
    expect(await slow.chat(request)()).toMatchObject({ left: { message: expect.stringContaining("within 20 ms") } });
    const called = new AbortController();
    const waiting = openaiChat({ url, model: "m" }).chat(request, called.signal)();
    setTimeout(() => called.abort(), 20);
    expect(await waiting).toMatchObject({ left: { attempts: 1, message: expect.stringContaining("called off") } });
    expect(asked.length).toBe(3);
  });

  it("has no more requests under way than it may", async () => {
    let [now, most] = [0, 0];
    const pass = gate(2);
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise((done) => setTimeout(done, 1));
      now--;
    };
    await Promise.all(Array.from({ length: 9 }, () => pass(work)));
    expect([most, now]).toEqual([2, 0]);
  });

  it("refuses options that cannot be", () => {
    expect(() => openaiChat({ url: "ftp://x", model: "", attempts: 0 })).toThrow(/url[\s\S]*model[\s\S]*attempts/);
  });
});

describe("openaiPolicy", () => {
  const sampling = { samples: 3, temperature: 0.7, maxTokens: 9, topP: 0.9 };

  it("asks for the rest where a server gives too few, and counts tokens", async () => {
    const told = { logprobs: { content: [{ token: "A", logprob: -0.5 }] }, token_ids: [65], finish_reason: "length" };
    const { url, asked } = await served(says(["A", "B"], told));
    const policy = openaiPolicy({ chat: openaiChat({ url, model: "m" }) });
    const [first, second] = await toPromise(policy.sample(null, [question("a"), question("b")], sampling, key(1)));
    expect(first!.completions.map((completion) => completion.text)).toEqual(["A", "B", "A"]);
    expect(second!.completions[0]).toEqual({ text: "A", tokenIds: [65], logProbs: [-0.5], truncated: true });
    expect(asked.map(({ n }) => n).sort()).toEqual([1, 1, 3, 3]);
    expect(new Set(asked.map(({ seed }) => seed)).size).toBe(4);
    expect(asked[0]).toMatchObject({ logprobs: true, top_p: 0.9 });
    expect(policy.tokens()).toEqual({ prompt: 28, completion: 12 });
  });

  it("the same key asks for the same seeds", async () => {
    const { url, asked } = await served(says(["A", "B", "A"]));
    const policy = openaiPolicy({ chat: openaiChat({ url, model: "m" }) });
    for (const seed of [1, 1, 2]) await toPromise(policy.sample(null, [question("a")], sampling, key(seed)));
    const seeds = asked.map((body) => body.seed);
    expect([seeds[0] === seeds[1], seeds[0] === seeds[2]]).toEqual([true, false]);
  });

  it("fails as a policy does, and scores nothing", async () => {
    const { url } = await served(status(401, "who are you?"));
    const policy = openaiPolicy({ chat: openaiChat({ url, model: "m" }), name: "teacher" });
    const message = expect.stringMatching(/^policy teacher: prompt \w+: .*401: who are you\?/);
    expect(await policy.sample(null, [question("a")], sampling, key(1))()).toMatchObject({ left: { message } });
    expect(E.isLeft(await policy.logProbs(null, [])())).toBe(true);
  });
});
