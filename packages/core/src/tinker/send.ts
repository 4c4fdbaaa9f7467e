import type { AnswerBody } from "./readAnswer.js";

/** One HTTP request to an engine. */
export interface EngineRequest {
  readonly method: "GET" | "POST";
  /** Behind `/api/v1/`, or a whole address, which is sent no key unless it is the engine's own. */
  readonly path: string;
  readonly body?: Uint8Array | object;
  readonly accept?: string;
  readonly timeout: number;
}

/**
 * What became of it: an answer of any status; `unsent`: it did not reach the engine; `unanswered`: it may have; `late`: no
 * answer in time, `cancelled`.
 */
export type Sent =
  | {
      readonly type: "answer";
      readonly status: number;
      readonly body: AnswerBody;
      /** Where a redirection leads; none is followed. */
      readonly location?: string;
      readonly retryAfter?: number;
    }
  | { readonly type: "unsent" | "unanswered" | "late" | "cancelled"; readonly reason: string };

/** Sends requests to one engine. */
export type Send = (request: EngineRequest, signal: AbortSignal) => Promise<Sent>;

const protobufType = "application/x-protobuf";

/** Types of answers that are kept as bytes. */
const binary = /x-protobuf|octet-stream|gzip|x-tar/;

/** JSON as some servers write it: with NaN and Infinity, which are read as null. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/([[,:]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, "$1null"));
  }
};

/** An answer's body; text that is no JSON is kept as `{ detail }`, as servers say what is wrong. */
const bodyOf = async (response: Response): Promise<AnswerBody> => {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (binary.test(response.headers.get("content-type") ?? "")) return { type: "bytes", bytes };
  const text = Buffer.from(bytes.buffer).toString();
  try {
    return { type: "json", value: parse(text) };
  } catch (thrown) {
    if (response.ok && text !== "") throw thrown;
    return { type: "json", value: { detail: text.trim().slice(0, 300) } };
  }
};

const secondsOf = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
};

/** Causes of a failed fetch that say that nothing was sent. */
const unsentCodes = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

const causeOf = (thrown: unknown): { readonly code?: string; readonly message: string } => {
  const { cause, message } = thrown as {
    readonly cause?: { readonly code?: string; readonly message?: string };
  } & Error;
  const code = cause?.code;
  return { message: cause?.message || code || message, ...(code !== undefined && { code }) };
};

const contentOf = (
  body: Uint8Array | object | undefined,
): { readonly type?: string; readonly content?: NonNullable<RequestInit["body"]> } => {
  if (body === undefined) return {};
  if (body instanceof Uint8Array) return { type: protobufType, content: body as NonNullable<RequestInit["body"]> };
  return { type: "application/json", content: JSON.stringify(body) };
};

/** A sender over `fetch` to the engine at an address: one attempt, nothing thrown. */
export const sender =
  (options: { readonly url: string; readonly apiKey?: string; readonly fetch: typeof fetch }): Send =>
  async ({ method, path, body, accept, timeout }, signal) => {
    const limit = AbortSignal.timeout(timeout);
    const { type, content } = contentOf(body);
    const engine = `${options.url.replace(/\/+$/, "")}/api/v1/`;
    const address = new URL(path, engine);
    const own = address.origin === new URL(engine).origin;
    try {
      const response = await options.fetch(address.href, {
        method,
        headers: {
          ...(type !== undefined && { "content-type": type }),
          ...(accept !== undefined && { accept }),
          ...(options.apiKey !== undefined && own && { "x-api-key": options.apiKey }),
        },
        ...(content !== undefined && { body: content }),
        redirect: "manual",
        signal: AbortSignal.any([signal, limit]),
      });
      const retryAfter = secondsOf(response);
      const location = response.headers.get("location");
      return {
        type: "answer",
        status: response.status,
        body: await bodyOf(response),
        ...(location !== null && { location: new URL(location, address).href }),
        ...(retryAfter !== undefined && { retryAfter }),
      };
    } catch (thrown) {
      if (signal.aborted) return { type: "cancelled", reason: "it was called off" };
      if (limit.aborted) return { type: "late", reason: `no answer within ${timeout} ms` };
      const { code, message } = causeOf(thrown);
      return { type: code !== undefined && unsentCodes.has(code) ? "unsent" : "unanswered", reason: message };
    }
  };
