import * as E from "fp-ts/Either";
import {
  above,
  address,
  atLeast,
  callable,
  checkOptions,
  optional,
  type Rules,
  text,
  wholeFrom,
} from "../configuration.js";
import { tagged } from "../errors.js";
import type { ChatError, ChatModel, ChatReply, ChatRequest } from "./chat.js";
import { gate } from "./gate.js";
import { bodyOf, replyOf } from "./wire.js";

/** Where a chat model is, and how patiently it is asked. */
export interface OpenaiChatOptions {
  /** The address that `/chat/completions` is put behind, f.e. `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token; never part of a message. */
  readonly apiKey?: string;
  /** Times a request is sent at most. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; each further wait is twice as long, or what the server asks for. */
  readonly delay: number;
  /** Milliseconds that an attempt may take. */
  readonly timeout: number;
  /** Requests under way at once at most. */
  readonly concurrency: number;
  /** Sends a request; Node's own by default. */
  readonly fetch: typeof fetch;
  /** Waits for milliseconds; a timer by default. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Defaults of {@link openaiChat}. */
export const openaiChatDefaults = {
  attempts: 4,
  delay: 500,
  timeout: 120_000,
  concurrency: 16,
  fetch: (...given: Parameters<typeof fetch>) => fetch(...given),
  sleep: (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds)),
} as const;

const rules: Rules<OpenaiChatOptions> = {
  url: address,
  model: text,
  apiKey: optional(text),
  attempts: wholeFrom(1),
  delay: atLeast(0),
  timeout: above(0),
  concurrency: wholeFrom(1),
  fetch: callable,
  sleep: callable,
};

/** An attempt that failed: why, whether another may do better, and after how long the server wants it. */
interface Failed {
  readonly reason: string;
  readonly final: boolean;
  readonly status?: number;
  readonly wait?: number;
}

/** Longest wait that a server may ask for, in milliseconds. */
const longestWait = 60_000;

const waitOf = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(1000 * seconds, longestWait) : undefined;
};

const refused = async (response: Response): Promise<Failed> => {
  const said = (await response.text().catch(() => "")).trim().slice(0, 300);
  const { status } = response;
  const wait = waitOf(response);
  return {
    reason: `status ${status}${said === "" ? "" : `: ${said}`}`,
    final: status < 500 && status !== 408 && status !== 429,
    status,
    ...(wait !== undefined && { wait }),
  };
};

const read = async (response: Response, stop: ChatRequest["stop"]): Promise<E.Either<Failed, ChatReply>> => {
  if (!response.ok) return E.left(await refused(response));
  const body = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return E.left({ reason: `the answer is no JSON: ${body.slice(0, 100)}`, final: false, status: response.status });
  }
  return E.mapLeft(
    (problem: string): Failed => ({
      reason: `the answer is no chat completion: ${problem}`,
      final: true,
      status: response.status,
    }),
  )(replyOf(json, stop));
};

const attempt =
  (options: OpenaiChatOptions, url: string) =>
  async (request: ChatRequest, signal: AbortSignal | undefined): Promise<E.Either<Failed, ChatReply>> => {
    const limit = AbortSignal.timeout(options.timeout);
    try {
      const response = await options.fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(options.apiKey !== undefined && { authorization: `Bearer ${options.apiKey}` }),
        },
        body: JSON.stringify(bodyOf(options.model, request)),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      return await read(response, request.stop);
    } catch (thrown) {
      if (signal?.aborted) return E.left({ reason: "it was called off", final: true });
      const cause = (thrown as { readonly cause?: { readonly message?: string } }).cause?.message;
      const reason = limit.aborted ? `no answer within ${options.timeout} ms` : (cause ?? (thrown as Error).message);
      return E.left({ reason, final: false });
    }
  };

/**
 * A chat model behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, `transformers serve`, the hosted ones).
 *
 * Images go as PNG data URLs, a video as its frames. Attempts that may do better are made again after growing waits:
 * no connection, no answer in time, statuses 408, 429 and 5xx, an answer cut off; another status is final. A few lines
 * over `fetch`, which Node brings, rather than a client library of 20 MB: what is needed of it is here.
 *
 * https://platform.openai.com/docs/api-reference/chat
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { openaiChat } from "@msrl/core/openai";
 * const answer = { choices: [{ message: { content: "A" }, finish_reason: "stop" }], usage: { completion_tokens: 1 } };
 * const server = async () => new Response(JSON.stringify(answer));
 * const judge = openaiChat({ url: "http://127.0.0.1:8000/v1", model: "judge", fetch: server });
 * const reply = await toPromise(judge.chat({ messages: [{ role: "user", content: [{ type: "text", text: "A or B?" }] }] }));
 * assert.deepStrictEqual(reply.choices, [{ text: "A", truncated: false }]);
 * @since 0.1.0
 */
export const openaiChat = (given: Partial<OpenaiChatOptions> & Pick<OpenaiChatOptions, "url" | "model">): ChatModel => {
  const options = checkOptions<OpenaiChatOptions>("openaiChat", rules, openaiChatDefaults, given);
  const url = `${options.url.replace(/\/+$/, "")}/chat/completions`;
  const send = attempt(options, url);
  const pass = gate(options.concurrency);

  const asked = async (request: ChatRequest, signal?: AbortSignal): Promise<E.Either<ChatError, ChatReply>> => {
    for (let attempts = 1; ; attempts++) {
      const result = await pass(() => send(request, signal));
      if (E.isRight(result)) return result;
      const { reason, final, status, wait } = result.left;
      if (final || attempts >= options.attempts) {
        const times = attempts === 1 ? "" : ` (asked ${attempts} times)`;
        const known = { url, attempts, ...(status !== undefined && { status }) };
        return E.left(tagged("ChatError", `chat model ${options.model} at ${url}: ${reason}${times}`, known));
      }
      await options.sleep(wait ?? options.delay * 2 ** (attempts - 1));
    }
  };
  return { name: options.model, chat: (request, signal) => () => asked(request, signal) };
};
