import * as E from "fp-ts/Either";
import { type Ask, asker, type Unasked } from "./ask.js";
import { askWire } from "./askWire.js";
import type { EngineCapabilities } from "./client.js";
import { type EngineError, engineError } from "./engineError.js";
import type { TinkerClientOptions } from "./options.js";
import { type Poll, poller, type Unsettled } from "./poll.js";
import { type AnswerBody, fieldsOf, jsonOf } from "./readAnswer.js";
import { sender } from "./send.js";
import { type EngineSession, engineSession } from "./session.js";

/** What every verb of a client shares. */
export interface Connection {
  readonly options: TinkerClientOptions;
  readonly ask: Ask;
  readonly poll: Poll;
  /** Aborted when the client is closed. */
  readonly alive: AbortSignal;
  readonly session: EngineSession;
  /** Which wire the engine takes, asked once. */
  readonly wire: () => Promise<E.Either<EngineError, EngineCapabilities["wire"]>>;
  /** The wire, once it was asked for. */
  readonly known: () => EngineCapabilities["wire"];
}

/** An error of a request that belongs to no line. */
export const callError = (path: string, { kind, what, status }: Unsettled): EngineError =>
  engineError({ kind: kind === "gone" ? "lost" : kind, path, ...(status !== undefined && { status }) }, what);

/** A connection; nothing is sent until something is asked. */
export const connection = (options: TinkerClientOptions, alive: AbortSignal): Connection => {
  const ask = asker(sender(options), options);
  let asked: Promise<E.Either<Unasked, EngineCapabilities["wire"]>> | undefined;
  let known: EngineCapabilities["wire"] = options.wire === "json" ? "json" : "protobuf";
  const wire = async () => {
    if (options.wire !== "ask") return E.right(options.wire);
    // a 500 is an answer here, not a reason to wait
    const once = asker(sender(options), { ...options, attempts: 1 });
    const patient: Ask = async (...given) => {
      const first = await once(...given);
      return E.isLeft(first) && first.left.kind === "unreachable" && first.left.status !== 500 ? ask(...given) : first;
    };
    asked ??= askWire(patient, options, options.timeout)(alive);
    const found = await asked;
    if (E.isLeft(found)) {
      asked = undefined;
      return E.left(callError("forward_backward", found.left));
    }
    known = found.right;
    return found;
  };
  const accept = () => (known === "protobuf" ? "application/x-protobuf" : "application/json");
  return {
    options,
    ask,
    poll: poller(ask, { ...options, timeout: options.pollTimeout, accept }),
    alive,
    session: engineSession(ask, alive, options),
    wire,
    known: () => known,
  };
};

/** Aborted with the client or with the caller's own signal. */
export const signalOf = ({ alive }: Connection, signal: AbortSignal | undefined): AbortSignal =>
  signal ? AbortSignal.any([alive, signal]) : alive;

/** The field of an answer that has to be a text. */
export const textField =
  (name: string) =>
  (body: AnswerBody): E.Either<string, string> =>
    E.chain((fields: Readonly<Record<string, unknown>>) => {
      const value = fields[name];
      return typeof value === "string" ? E.right(value) : E.left(`the answer has no ${name}`);
    })(jsonOf(body));

/** Times a request is sent again that the engine forgot. */
export const resendings = 8;

/** A request that belongs to no line: sent, waited for, and sent again where the engine forgot it. */
export const callFuture =
  (from: Connection) =>
  async <Value>(
    path: string,
    body: object,
    read: (body: AnswerBody) => E.Either<string, Value>,
    signal: AbortSignal,
  ): Promise<E.Either<EngineError, Value>> => {
    for (let sendings = 1; ; sendings++) {
      const sent = await from.ask({ method: "POST", path, body, timeout: from.options.timeout }, signal);
      if (E.isLeft(sent)) return E.left(callError(path, sent.left));
      const id = sent.right.body.type === "json" ? fieldsOf(sent.right.body.value).request_id : undefined;
      if (typeof id !== "string" && typeof id !== "number")
        return E.left(engineError({ kind: "badAnswer", path }, "the answer has no request_id", "safe to run again"));
      const found = await from.poll(String(id), read, signal);
      if (E.isRight(found)) return found;
      const forgotten = found.left.kind === "gone" || found.left.kind === "lost";
      if (!forgotten || sendings >= resendings) return E.left(callError(path, found.left));
    }
  };
