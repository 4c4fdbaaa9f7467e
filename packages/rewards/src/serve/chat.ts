import { type Message, type Scorable, type Score, text, toPromise } from "@msrl/core";
import type { ChatChoice, ChatModel } from "@msrl/core/openai";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bodyOf, type Json, listAt, wholeAt } from "./read.js";
import { badField, refusal } from "./refusal.js";
import { completionOf, promptId, scorableOf } from "./samples.js";
import type { Scoring } from "./scoring.js";

const textOf = ({ content }: Message): string =>
  content.map((part) => (part.type === "text" ? part.text : "")).join("");

/** The question and the response in the message of ms-swift's generative reward plugin; `undefined`: it is another. */
const quoted = (message: string): { readonly question: string; readonly response: string } | undefined => {
  const [from, to] = ["## AI Assistant's Response\n", "## Your Evaluation"];
  const start = message.indexOf(from);
  const end = message.lastIndexOf(to);
  if (start < 0 || end < start) return undefined;
  const question = message.slice(0, start).replace(/^\s*## User Question\n/, "");
  return { question: question.trim(), response: message.slice(start + from.length, end).trim() };
};

/** What is to be judged: the assistant's last message, or the response that the last message quotes, or that message. */
const judgedOf = (messages: readonly Message[]): readonly [prompt: readonly Message[], completion: string] => {
  const last = messages.at(-1);
  if (last === undefined) throw badField("messages", "at least one");
  const before = messages.slice(0, -1);
  const said = textOf(last);
  const found = last.role === "user" ? quoted(said) : undefined;
  return found ? [[{ role: "user", content: [text(found.question)] }], found.response] : [before, said];
};

/** Reasons, then the score from 0 to 10 in double brackets, which nothing before it has. */
const verdictOf = ({ value, reasons, failures }: Score, [low, high]: readonly [number, number]): string => {
  const told = [...Object.entries(reasons ?? {}), ...Object.entries(failures ?? {})];
  const lines = told.map(([part, why]) => `${part}: ${why}`.replaceAll("[[", "[ ["));
  const share = value === null ? 0 : Math.min(Math.max((value - low) / (high - low), 0), 1);
  return [...lines, `[[${Number((10 * share).toFixed(4))}]]`].join("\n");
};

/** An answer in the form of OpenAI's API. */
const completionReply = (model: string, created: number, choices: readonly ChatChoice[], tokens = [0, 0]) => ({
  id: "chatcmpl-msrl",
  object: "chat.completion",
  created,
  model,
  choices: choices.map(({ text: content, truncated }, index) => ({
    index,
    message: { role: "assistant", content },
    finish_reason: truncated ? "length" : "stop",
  })),
  usage: { prompt_tokens: tokens[0], completion_tokens: tokens[1], total_tokens: tokens[0]! + tokens[1]! },
});

const messagesOf = async ({ messages }: Json, { options }: Scoring): Promise<readonly Message[]> => {
  const list = listAt(messages, "messages", 10_000);
  const read = await scorableOf({ prompt: list, completion: "" }, "request", () => undefined, options.decodeImage);
  return read.prompt.messages;
};

/** The judge's own answer. */
const judged = async (
  judge: ChatModel,
  body: Json,
  messages: readonly Message[],
  scoring: Scoring,
  reply: FastifyReply,
) => {
  const number = (field: string) => {
    const value = body[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number") throw badField(field, "a number");
    return value;
  };
  const [temperature, maxTokens, seed] = [
    number("temperature"),
    number("max_completion_tokens") ?? number("max_tokens"),
    number("seed"),
  ];
  const asked = {
    messages,
    samples: Math.max(1, wholeAt(body.n, "n", 1)),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(seed !== undefined && { seed }),
  };
  const answer = await scoring.within(
    reply,
    (signal) => toPromise(judge.chat(asked, signal())).catch((error: Error) => error),
    () => refusal(504, "JudgeLate", `judge ${judge.name}: no answer within ${scoring.options.timeout} ms`),
  );
  if (answer instanceof Error)
    throw "status" in answer && answer.name === "JudgeLate" ? answer : refusal(502, "JudgeFailed", answer.message);
  const { choices, promptTokens, completionTokens } = answer;
  return completionReply(judge.name, seconds(scoring), choices, [promptTokens, completionTokens]);
};

const seconds = ({ options }: Scoring): number => Math.floor(options.now() / 1000);

/** `/v1/chat/completions`: the reward of the quoted response, as a generative reward model would say it, or the judge's answer. */
export const chat = (scoring: Scoring) => async (request: FastifyRequest, reply: FastifyReply) => {
  const body = bodyOf(request.body);
  if (body.stream === true) throw badField("stream", "false: answers come in one piece");
  const messages = await messagesOf(body, scoring);
  const { judge, range, reference } = scoring.options;
  if (judge) return judged(judge, body, messages, scoring, reply);
  const [prompt, completion] = judgedOf(messages);
  const reward = scoring.pick(scoring.names.length > 1 ? (body.model ?? undefined) : undefined);
  const scorable: Scorable<unknown> = {
    prompt: { id: promptId(prompt), messages: prompt },
    completion: completionOf(completion),
    reference: reference(body.reference),
  };
  const [scored] = await scoring.score(reward, [scorable], reply);
  const choice = { text: verdictOf(scored!, range), truncated: false };
  const samples = Math.min(Math.max(1, wholeAt(body.n, "n", 1)), 128);
  return completionReply(reward.name, seconds(scoring), new Array<ChatChoice>(samples).fill(choice));
};

/** `/v1/models`: the judge, or the rewards, each a model. */
export const models = (scoring: Scoring) => async () => {
  const { judge } = scoring.options;
  const ids = judge ? [judge.name] : scoring.names;
  return { object: "list", data: ids.map((id) => ({ id, object: "model", created: 0, owned_by: "msrl" })) };
};
