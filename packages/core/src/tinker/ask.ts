import * as E from "fp-ts/Either";
import type { EngineErrorData } from "./engineError.js";
import { type AnswerBody, fieldsOf } from "./readAnswer.js";
import type { EngineRequest, Send, Sent } from "./send.js";

/** How patiently a request is made. */
export interface Patience {
  readonly attempts: number;
  readonly delay: number;
  readonly longestDelay: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** An answer that is one. */
export interface Answer {
  readonly status: number;
  readonly body: AnswerBody;
  /** Where it sends on to. */
  readonly location?: string;
  /** Whether an attempt before may have been carried out too. */
  readonly repeated: boolean;
}

/** Why there is no answer. */
export interface Unasked {
  readonly kind: EngineErrorData["kind"];
  readonly what: string;
  readonly status?: number;
  readonly repeated: boolean;
}

/** Whether an engine knows a request that it is sent twice by its number; undefined: it could not be found out now. */
export type MayRepeat = () => Promise<boolean | undefined>;

/** Asks an engine until it answers. */
export type Ask = (
  request: EngineRequest,
  signal: AbortSignal,
  /** Asked before a request is sent again that may have been carried out. */
  mayRepeat?: MayRepeat,
) => Promise<E.Either<Unasked, Answer>>;

/** What a server says is wrong. */
export const saidOf = (body: AnswerBody): string => {
  if (body.type === "bytes") return "";
  const { detail, error, message } = fieldsOf(body.value);
  const said = detail ?? error ?? message;
  return (typeof said === "string" ? said : said === undefined ? "" : JSON.stringify(said)).slice(0, 300);
};

/** Consecutive answers "try again" that are followed at once; behind them a wait, lest a proxy be asked without end. */
export const triesAtOnce = 3;

const again = new Set([408, 425, 429]);

/** Whether another attempt may do better. */
const passing = (sent: Sent): boolean =>
  sent.type === "answer" ? again.has(sent.status) || sent.status >= 500 : sent.type !== "cancelled";

/** Whether the engine may have done what it was asked. */
const mayBeDone = (sent: Sent): boolean =>
  sent.type === "answer" ? sent.status >= 500 || sent.status === 408 : sent.type !== "unsent";

const reasonOf = (sent: Sent): string => {
  if (sent.type !== "answer") return sent.reason;
  if (sent.location !== undefined) return `the engine is at ${sent.location}`;
  const said = saidOf(sent.body);
  return said === "" ? "the engine would not" : said;
};

const failure = (sent: Sent, attempts: number, repeated: boolean): Unasked => {
  const kind = sent.type === "cancelled" ? "cancelled" : passing(sent) ? "unreachable" : "refused";
  const times = attempts === 1 ? "" : ` (asked ${attempts} times)`;
  const what = `${reasonOf(sent)}${times}`;
  return sent.type === "answer" ? { kind, what, status: sent.status, repeated } : { kind, what, repeated };
};

/**
 * Asks again what may do better: at once after 408 (and 425 after a wait), after growing waits where the engine is busy
 * (429), fails (5xx), cannot be reached or did not answer; every other status is final.
 */
export const asker =
  (send: Send, { attempts, delay, longestDelay, sleep }: Patience): Ask =>
  async (request, signal, mayRepeat) => {
    let repeated = false;
    let failed = 0;
    for (let waits = 0; ; ) {
      const sent = await send(request, signal);
      if (sent.type === "answer" && sent.status < (request.method === "GET" ? 400 : 300))
        return E.right({ ...sent, repeated });
      repeated ||= mayBeDone(sent);
      const early = sent.type === "late" || (sent.type === "answer" && sent.status === 408);
      const poll = early && request.path === "retrieve_future";
      if (!poll) failed++;
      if (!passing(sent) || failed >= attempts) return E.left(failure(sent, failed, repeated));
      const may = repeated && mayRepeat ? await mayRepeat() : true;
      if (!may) return E.left({ ...failure(sent, failed, repeated), ...(may === false && { kind: "lost" }) });
      waits++;
      if (early && waits <= triesAtOnce) continue;
      const asked = sent.type === "answer" ? sent.retryAfter : undefined;
      const wait = early ? delay : asked === undefined ? delay * 2 ** (failed - 1) : 1000 * asked;
      await sleep(Math.min(wait, longestDelay));
      if (signal.aborted) return E.left({ kind: "cancelled", what: "it was called off", repeated });
    }
  };
