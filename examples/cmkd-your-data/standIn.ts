// A server to try the example without a model: node --conditions=msrl-source --import tsx examples/cmkd-your-data/standIn.ts [PORT]
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import sharp from "sharp";

const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [200, 30, 30],
  green: [30, 160, 60],
  blue: [40, 60, 200],
  yellow: [240, 220, 40],
  black: [15, 15, 15],
  white: [245, 245, 245],
};

/** The colour nearest to the picture's mean. */
const colourOf = async (dataUrl: string): Promise<string> => {
  const { channels } = await sharp(Buffer.from(dataUrl.split(",")[1]!, "base64")).stats();
  const distance = ([, rgb]: readonly [string, readonly number[]]) =>
    rgb.reduce((sum, value, at) => sum + (value - channels[at]!.mean) ** 2, 0);
  return Object.entries(colours).sort((a, b) => distance(a) - distance(b))[0]![0];
};

/** Colours that an answer shares with the rest of the question. */
const shared = (answer: string, rest: string): number =>
  Object.keys(colours).filter((colour) => answer.includes(colour) && rest.includes(colour)).length;

/** A judgement of a question in text: the answer that shares more colours; now and then a wrong or a shapeless one. */
const judge = (question: string, luck: number): { readonly text: string; readonly logProb: number } => {
  const [rest = "", a = "", b = ""] = question.split(/Answer [AB]: /).slice(-3);
  const fits = shared(a, rest) >= shared(b, rest) ? "A" : "B";
  if (luck < 0.08) return { text: `It is ${fits}.`, logProb: -2 };
  const said = luck < 0.2 ? { A: "B", B: "A" }[fits] : fits;
  const type = /\[(image|video): /.test(a) ? "image_generation" : "image_understanding";
  const text = `<type>${type}</type> <think>The colours of Answer ${said} fit.</think> <answer>${said}</answer>`;
  return { text, logProb: said === fits ? -0.2 : -1 };
};

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: { readonly url: string };
}

interface Asked {
  readonly messages: readonly { readonly content: string | readonly Part[] }[];
  readonly n?: number;
  readonly seed?: number;
}

const luckOf = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE() / 2 ** 32;

const answer = async ({ messages, n = 1, seed = 0 }: Asked): Promise<object> => {
  const content = messages.at(-1)!.content;
  const images = typeof content === "string" ? [] : content.filter(({ image_url }) => image_url !== undefined);
  const seen = await Promise.all(images.map(({ image_url }) => colourOf(image_url!.url)));
  const replies = Array.from({ length: n }, (_, at) =>
    typeof content === "string"
      ? judge(content, luckOf(`${seed} ${at} ${content}`))
      : { text: seen.map((colour) => `A ${colour} square.`).join(" Then: "), logProb: -0.1 },
  );
  const words = replies.reduce((sum, { text }) => sum + text.split(" ").length, 0);
  const choices = replies.map(({ text, logProb }, index) => ({
    index,
    message: { role: "assistant", content: text },
    finish_reason: "stop",
    logprobs: { content: [{ token: text, logprob: logProb }] },
  }));
  const usage = { prompt_tokens: JSON.stringify(messages).length >> 2, completion_tokens: words };
  return { object: "chat.completion", choices, usage };
};

/** Serves chat completions on 127.0.0.1: descriptions of coloured squares, and judgements by colour. */
export const standIn = async (port = 0) => {
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = await answer(JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  console.log((await standIn(Number(process.argv[2] ?? 8123))).url);
