import * as E from "fp-ts/Either";
import { asker } from "./ask.js";
import type { EngineModel } from "./client.js";
import { type Connection, callError, callFuture, resendings } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { poller } from "./poll.js";
import { fieldsOf, jsonOf } from "./readAnswer.js";
import { sender } from "./send.js";

/** What a model is made of. */
export interface ModelOptions {
  readonly baseModel: string;
  readonly rank: number;
  readonly seed?: number;
}

/** Makes models and takes them away. */
export interface Models {
  readonly create: (options: ModelOptions, signal: AbortSignal) => Promise<E.Either<EngineError, EngineModel>>;
  readonly unload: (id: string, signal: AbortSignal) => Promise<E.Either<EngineError, void>>;
}

const path = "create_model";

const unnamed = (field: string): E.Either<EngineError, never> =>
  E.left(engineError({ kind: "badAnswer", path }, `the answer has no ${field}`, "safe to run again"));

/** Models of a connection's session. */
export const engineModels = (from: Connection): Models => {
  let count = 0;

  /** Sends the request; a session that the engine does not know is opened anew, once. */
  const requested = async (
    options: ModelOptions,
    signal: AbortSignal,
    sessions = 2,
  ): Promise<E.Either<EngineError, object>> => {
    const session = await from.session.id();
    if (E.isLeft(session)) return E.left(callError("create_session", session.left));
    const body = {
      session_id: session.right,
      model_seq_id: count++,
      base_model: options.baseModel,
      lora_config: { rank: options.rank, ...(options.seed !== undefined && { seed: options.seed }) },
    };
    const sent = await from.ask({ method: "POST", path, body, timeout: from.options.timeout }, signal);
    if (E.isRight(sent)) return E.right(sent.right.body.type === "json" ? fieldsOf(sent.right.body.value) : {});
    if (sent.left.status !== 404 || sessions === 1) return E.left(callError(path, sent.left));
    from.session.forget(session.right);
    return requested(options, signal, sessions - 1);
  };

  /** Waits for a model that was asked for; undefined: the engine forgot it. */
  const awaited = async (
    { request_id, model_id }: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<E.Either<EngineError, string> | undefined> => {
    if (typeof request_id !== "string" && typeof request_id !== "number") return unnamed("request_id");
    const made = await from.poll(String(request_id), jsonOf, signal);
    if (E.isLeft(made)) return made.left.kind === "gone" ? undefined : E.left(callError(path, made.left));
    const id = made.right.model_id ?? model_id;
    return typeof id === "string" ? E.right(id) : unnamed("model_id");
  };

  const create: Models["create"] = async (options, signal) => {
    for (let sendings = 1; ; sendings++) {
      const sent = await requested(options, signal);
      if (E.isLeft(sent)) return sent;
      const made = await awaited(fieldsOf(sent.right), signal);
      if (made) return E.map((id: string) => ({ id, baseModel: options.baseModel, rank: options.rank }))(made);
      if (sendings >= resendings)
        return E.left(engineError({ kind: "lost", path, status: 410 }, "the engine forgot it"));
    }
  };

  const unload: Models["unload"] = async (id, signal) => {
    const done = await callFuture(from)("unload_model", { model_id: id }, jsonOf, signal);
    return E.isLeft(done) && done.left.status !== 404 ? done : E.right(undefined);
  };
  return { create, unload };
};

/** The same connection, asked a few times only: what closing does. */
export const hurried = (from: Connection): Connection => {
  const { attempts, timeout } = from.options;
  const options = { ...from.options, attempts: Math.min(attempts, 2), timeout: Math.min(timeout, 10_000) };
  const ask = asker(sender(options), options);
  return { ...from, options, ask, poll: poller(ask, { ...options, accept: () => "application/json" }) };
};
