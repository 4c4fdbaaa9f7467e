import * as E from "fp-ts/Either";
import type { Ask, MayRepeat } from "./ask.js";
import type { Pending } from "./client.js";
import { resendings } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import type { Poll, Unsettled } from "./poll.js";
import { type Count, poster } from "./post.js";
import type { Entry, Work } from "./work.js";

/** The requests of one model, one behind the other. */
export interface Line {
  /** Puts a request in line; Left where the model is lost. */
  readonly submit: <Value>(work: Work<Value>, signal?: AbortSignal) => E.Either<EngineError, Pending<Value>>;
}

/** What a line needs of its client. */
export interface LineTools {
  readonly ask: Ask;
  readonly poll: Poll;
  readonly mayRepeat: MayRepeat;
  readonly signal: AbortSignal;
}

const unsettled = <Value>({ work, number }: Entry<Value>, { kind, what, status }: Unsettled): EngineError =>
  engineError(
    {
      kind: kind === "gone" ? "lost" : kind,
      path: work.path,
      ...(status !== undefined && { status }),
      ...(number !== undefined && { seqId: number }),
    },
    what,
    kind === "failed" && work.effect !== "none"
      ? "what was sent behind it may have been applied without it: start a new model from the last checkpoint"
      : undefined,
  );

/** Waits for a promise or for the signal, whichever is first; undefined: the signal. */
const unlessAborted = <Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value | undefined> => {
  if (!signal) return promise;
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
};

/**
 * A line for one model: requests are sent one after the other, each when the engine has accepted the one before, and waited
 * for independently. A request that changes the model and fails for good takes with it what stands behind.
 */
export const line = ({ ask, poll, mayRepeat, signal }: LineTools): Line => {
  const count: Count = { last: 0, dirty: false };
  const post = poster(ask, mayRepeat, signal, count);
  const waiting: Entry<unknown>[] = [];
  let lost: EngineError | undefined;
  let newest: Entry<unknown> | undefined;
  let pumping: Promise<void> | undefined;

  const isLost = (path: string, first: EngineError): EngineError => {
    const what = `not sent: the model is lost since ${first.path} (${first.kind})`;
    return engineError({ kind: "lost", path }, what);
  };

  /** Notes a failure for good: those behind it are not sent, and the model is lost where its state is not known. */
  const fall = (entry: Entry<unknown>, error: EngineError, sent: boolean): void => {
    const changes = entry.work.effect !== "none";
    if (error.kind === "lost" || (changes && (sent || count.dirty))) lost ??= error;
    if (!changes && !lost) return;
    for (const behind of waiting.splice(0)) {
      if (behind === entry) continue;
      const { path } = behind.work;
      const what = `not sent: ${error.path} before it failed (${error.kind})`;
      behind.posted = E.left(lost ? isLost(path, lost) : engineError({ kind: "refused", path }, what));
    }
  };

  const settleOnce = async <Value>(entry: Entry<Value>): Promise<E.Either<EngineError, Value>> => {
    for (let sendings = 0; ; sendings++) {
      if (E.isLeft(entry.posted!)) return entry.posted;
      const id = entry.posted!.right;
      if (id === null) return (entry.work.taken as () => Promise<E.Either<EngineError, Value>>)();
      const found = await poll(id, entry.work.read, signal);
      if (E.isRight(found)) return found;
      if (found.left.kind !== "gone" || sendings >= resendings) return E.left(unsettled(entry, found.left));
      entry.doubtful = true;
      const stopped = await post(entry);
      if (stopped) return E.left(stopped);
    }
  };

  /** The result of an accepted request; a failure for good is noted at once, whoever waits. */
  const settle = <Value>(entry: Entry<Value>): Promise<E.Either<EngineError, Value>> => {
    entry.settling ??= settleOnce(entry).then((result) => {
      if (E.isRight(result)) return result;
      const { kind } = result.left;
      if (kind === "unreachable" || kind === "cancelled") entry.settling = undefined;
      else fall(entry, result.left, true);
      return result;
    });
    return entry.settling;
  };

  const run = async (): Promise<void> => {
    for (const entry of waiting) entry.stopped = undefined;
    for (let head = waiting[0]; head; head = waiting[0]) {
      const stopped = await post(head);
      if (stopped) {
        for (const entry of waiting) entry.stopped = entry === head ? stopped : behindOf(entry, stopped);
        break;
      }
      if (waiting[0] === head) waiting.shift();
      if (E.isLeft(head.posted!)) fall(head, head.posted.left, false);
      else settle(head);
    }
    pumping = undefined;
  };
  const pump = (): Promise<void> => {
    if (waiting.length === 0) return pumping ?? Promise.resolve();
    pumping ??= run();
    return pumping;
  };

  const behindOf = ({ work: { path } }: Entry<unknown>, { kind, message }: EngineError): EngineError =>
    engineError({ kind, path }, `waits behind a request that is not settled: ${message}`);

  /**
   * Whether an error of one request is one of those behind it: the model is lost by it, or, as an engine may hold back what
   * comes behind a number that it does not have, the request is not settled yet.
   */
  const stops = ({ work }: Entry<unknown>, { kind }: EngineError): boolean =>
    kind === "unreachable" || (lost !== undefined && work.effect !== "none");

  const settled = async <Value>(entry: Entry<Value>): Promise<E.Either<EngineError, Value>> => {
    while (entry.posted === undefined) {
      const { stopped } = entry;
      entry.stopped = undefined;
      if (stopped) return E.left(stopped);
      await pump();
    }
    if (E.isLeft(entry.posted)) return entry.posted;
    const { previous } = entry;
    if (previous) {
      const before = await settled(previous);
      if (E.isLeft(before) && stops(previous, before.left)) return before;
      entry.previous = undefined;
    }
    return settle(entry);
  };

  /** Calls a request off: unsent it leaves the line, sent it leaves the model lost if it changes it. */
  const cancel = (entry: Entry<unknown>): EngineError => {
    const { path, effect } = entry.work;
    const data = { kind: "cancelled", path, ...(entry.number !== undefined && { seqId: entry.number }) } as const;
    const sent = entry.number !== undefined;
    const what = sent ? "it had been sent and may be applied" : "it was not sent";
    const advice = sent && effect !== "none" ? "start a new model from the last checkpoint" : undefined;
    const error = entry.posted && E.isLeft(entry.posted) ? entry.posted.left : engineError(data, what, advice);
    const at = waiting.indexOf(entry);
    if (at >= 0 && !sent) waiting.splice(at, 1);
    entry.posted ??= E.left(error);
    if (effect !== "none") fall(entry, error, sent);
    return error;
  };

  const submit = <Value>(work: Work<Value>, call?: AbortSignal): E.Either<EngineError, Pending<Value>> => {
    if (lost) return E.left(isLost(work.path, lost));
    if (call?.aborted) return E.left(engineError({ kind: "cancelled", path: work.path }, "it was not sent"));
    const entry: Entry<Value> = { work, doubtful: false, previous: newest };
    newest = entry;
    waiting.push(entry);
    pump();
    const result = async () => (await unlessAborted(settled(entry), call)) ?? E.left(cancel(entry));
    return E.right({ result });
  };
  return { submit };
};
