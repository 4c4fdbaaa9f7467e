import * as E from "fp-ts/Either";
import type { Ask, Unasked } from "./ask.js";
import { fieldsOf } from "./readAnswer.js";

/** The session of a client: opened when first needed, kept alive until closed, opened anew where the engine lost it. */
export interface EngineSession {
  readonly id: () => Promise<E.Either<Unasked, string>>;
  /** Forgets a session that the engine does not know. */
  readonly forget: (id: string) => void;
  readonly close: () => void;
}

/** A session that shows a sign of life every `heartbeat` milliseconds. */
export const engineSession = (
  ask: Ask,
  alive: AbortSignal,
  options: {
    readonly heartbeat: number;
    readonly timeout: number;
    readonly every: (milliseconds: number, run: () => void) => () => void;
  },
): EngineSession => {
  let opened: Promise<E.Either<Unasked, string>> | undefined;
  let known: string | undefined;
  let stop: (() => void) | undefined;
  let beating = false;

  const forget = (id: string): void => {
    if (id !== known) return;
    stop?.();
    known = stop = opened = undefined;
  };
  const beat = async (): Promise<void> => {
    if (beating || known === undefined) return;
    const id = known;
    beating = true;
    const body = { session_id: id };
    const answer = await ask({ method: "POST", path: "session_heartbeat", body, timeout: options.heartbeat }, alive);
    beating = false;
    if (E.isLeft(answer) && answer.left.status === 404) forget(id);
  };
  const open = async (): Promise<E.Either<Unasked, string>> => {
    const body = { tags: [], sdk_version: "msrl" };
    const answer = await ask({ method: "POST", path: "create_session", body, timeout: options.timeout }, alive);
    if (E.isLeft(answer)) return answer;
    const id = answer.right.body.type === "json" ? fieldsOf(answer.right.body.value).session_id : undefined;
    if (typeof id !== "string")
      return E.left({ kind: "badAnswer", what: "the answer has no session_id", repeated: false });
    known = id;
    if (!alive.aborted) stop = options.every(options.heartbeat, beat);
    return E.right(id);
  };
  const id = (): Promise<E.Either<Unasked, string>> => {
    opened ??= open().then((session) => {
      if (E.isLeft(session)) opened = undefined;
      return session;
    });
    return opened;
  };
  return { id, forget, close: () => stop?.() };
};
