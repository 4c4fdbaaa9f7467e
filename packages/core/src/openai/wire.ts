import * as E from "fp-ts/Either";
import { encodePng } from "../data/png.js";
import type { Message, Part } from "../data/prompt.js";
import type { ChatChoice, ChatReply, ChatRequest, ChatToken } from "./chat.js";

const dataUrl = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString("base64")}`;

/** Text as text, an image as one data URL, a video as its frames. */
const partsOf = (part: Part): readonly object[] =>
  part.type === "text"
    ? [{ type: "text", text: part.text }]
    : part.media.frames.map((frame) => ({ type: "image_url", image_url: { url: dataUrl(encodePng(frame)) } }));

/** A message of text alone is sent as a string, which every server understands. */
const messageOf = ({ role, content }: Message): object => ({
  role,
  content: content.every(({ type }) => type === "text")
    ? content.map((part) => (part.type === "text" ? part.text : "")).join("")
    : content.flatMap(partsOf),
});

/** The body of a request to `/chat/completions`. */
export const bodyOf = (model: string, request: ChatRequest): object => ({
  model,
  messages: request.messages.map(messageOf),
  n: request.samples ?? 1,
  ...(request.temperature !== undefined && { temperature: request.temperature }),
  ...(request.maxTokens !== undefined && { max_tokens: request.maxTokens }),
  ...(request.seed !== undefined && { seed: request.seed }),
  ...(request.logProbs && { logprobs: true }),
  ...(request.stop && { stop: request.stop }),
  stream: false, // said, for there are servers that stream unless told not to
  ...request.extra,
});

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const listOf = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);
const countOf = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : 0);

const tokenOf = (value: unknown): ChatToken | undefined => {
  const { token, logprob } = objectOf(value);
  return typeof token === "string" && typeof logprob === "number" ? { text: token, logProb: logprob } : undefined;
};

/** A message's text; none where all that was written is a server's `reasoning_content`, or the limit came before any. */
const contentOf = (message: unknown): string | undefined => {
  const { content, role } = objectOf(message);
  if (typeof content === "string") return content;
  return (content ?? null) === null && role === "assistant" ? "" : undefined;
};

/** The text before the first of the texts that end it, for a server that gives that too. */
const ended = (text: string, stop: readonly string[]): string => {
  const places = stop.filter((each) => each !== "" && text.includes(each)).map((each) => text.indexOf(each));
  return text.slice(0, Math.min(text.length, ...places));
};

const choiceOf = (value: unknown, stop: readonly string[]): ChatChoice | undefined => {
  const { message, finish_reason, logprobs, token_ids } = objectOf(value);
  const content = contentOf(message);
  if (content === undefined) return undefined;
  const tokens = listOf(objectOf(logprobs).content)?.map(tokenOf);
  const ids = listOf(token_ids);
  return {
    text: ended(content, stop),
    truncated: finish_reason === "length",
    ...(tokens?.every((token) => token !== undefined) && { tokens: tokens as readonly ChatToken[] }),
    ...(ids?.every((id) => Number.isInteger(id)) && { tokenIds: ids as readonly number[] }),
  };
};

/** A server's answer as a reply, or what is wrong with it. */
export const replyOf = (answer: unknown, stop: readonly string[] = []): E.Either<string, ChatReply> => {
  const { choices, usage } = objectOf(answer);
  const list = listOf(choices);
  if (list === undefined || list.length === 0) return E.left("no choices in it");
  const read = list.map((choice) => choiceOf(choice, stop));
  const odd = read.indexOf(undefined);
  if (odd >= 0) return E.left(`choice ${odd} has no message.content`);
  const { prompt_tokens, completion_tokens } = objectOf(usage);
  return E.right({
    choices: read as readonly ChatChoice[],
    promptTokens: countOf(prompt_tokens),
    completionTokens: countOf(completion_tokens),
  });
};
