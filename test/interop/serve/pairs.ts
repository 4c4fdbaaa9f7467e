import { key } from "@msrl/core";
import { openaiChat } from "@msrl/core/openai";
import { readSamples } from "@msrl/stages";
import { makeSet } from "../../../examples/cmkd-your-data/makeSet.js";
import { standIn } from "../../../examples/cmkd-your-data/standIn.js";

/** A request's messages, as they went over the wire, and the replies to it. */
export interface Pair {
  readonly messages: readonly object[];
  readonly replies: readonly string[];
}

/** What the example's server said, and which pseudo-labels came of it. */
export interface Recording {
  readonly pairs: readonly Pair[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Runs the example with the server that it brings and writes down all that is asked and answered. */
export const recording = async (data: string, folder: string): Promise<Recording> => {
  const pairs: Pair[] = [];
  const server = await standIn();
  const listening = async (...given: Parameters<typeof fetch>): Promise<Response> => {
    const response = await fetch(...given);
    const { choices } = (await response.clone().json()) as { choices: { message: { content: string } }[] };
    const { messages } = JSON.parse(String(given[1]!.body)) as Pair;
    pairs.push({ messages, replies: choices.map(({ message }) => message.content) });
    return response;
  };
  const chat = openaiChat({ url: server.url, model: "stand-in", fetch: listening });
  const shared = { captioner: chat, teacher: chat, folder, frames: 8, maxTokens: 256, key: key(1) };
  const { run } = await makeSet({ ...shared, samples: (await readSamples(data)).samples, candidates: 32 });
  await server.close();
  const ordered = pairs.map((pair) => JSON.stringify(pair)).sort(); // as they came hangs on who was quicker
  return {
    pairs: ordered.map((pair) => JSON.parse(pair) as Pair),
    labels: Object.fromEntries(run.examples.map(({ prompt, pseudoLabel }) => [prompt.id, pseudoLabel])),
  };
};
