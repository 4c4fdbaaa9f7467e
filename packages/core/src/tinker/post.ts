import * as E from "fp-ts/Either";
import type { Ask, MayRepeat, Unasked } from "./ask.js";
import { type EngineError, engineError } from "./engineError.js";
import { fieldsOf } from "./readAnswer.js";
import { type Entry, guarded } from "./work.js";

/** What the requests of a model share: the last number taken, and whether a gradient waits for its step. */
export interface Count {
  last: number;
  dirty: boolean;
}

const errorOf = (
  entry: Entry<unknown>,
  { kind, what, status }: Omit<Unasked, "repeated">,
  advice?: string,
): EngineError => {
  const data = { kind, path: entry.work.path, ...(status !== undefined && { status }), seqId: entry.number! };
  return engineError(data, what, advice);
};

const unknownRepeats = (entry: Entry<unknown>, unasked: Unasked): EngineError =>
  errorOf(
    entry,
    { ...unasked, kind: "lost", what: `${unasked.what}; this engine does not know repeated requests` },
    "it may have been applied or not: start a new model from the last checkpoint",
  );

/** What a status that is final means for a request of a model. */
const refusal = (entry: Entry<unknown>, unasked: Unasked): EngineError => {
  if (unasked.kind === "lost") return unknownRepeats(entry, unasked);
  if (unasked.status === 404) return errorOf(entry, { ...unasked, kind: "lost" });
  if (unasked.status === 409 && entry.work.effect !== "none") {
    const what = `${unasked.what}: someone else has trained this model meanwhile`;
    return errorOf(entry, { ...unasked, what, kind: "lost" });
  }
  if (entry.doubtful && entry.work.effect !== "none") return errorOf(entry, { ...unasked, kind: "lost" });
  return errorOf(entry, unasked);
};

const requestIdOf = (entry: Entry<unknown>, body: Parameters<typeof fieldsOf>[0]): E.Either<EngineError, string> => {
  const id = fieldsOf(body).request_id;
  return typeof id === "string" || typeof id === "number"
    ? E.right(String(id))
    : E.left(errorOf(entry, { kind: "badAnswer", what: "the answer has no request_id" }));
};

/** Whether a request may be sent, given attempts before of which the answer is not known; or why not. */
const clearDoubt = async (entry: Entry<unknown>, mayRepeat: MayRepeat): Promise<EngineError | undefined> => {
  if (!entry.doubtful || !guarded(entry)) return undefined;
  const may = await mayRepeat();
  if (may) return undefined;
  const what = "an attempt before has no answer";
  return may === false
    ? unknownRepeats(entry, { kind: "lost", what, repeated: true })
    : errorOf(entry, { kind: "unreachable", what });
};

/** 409 on a request that changes nothing, after an attempt whose answer was lost: the attempt was carried out. */
const wasTaken = (entry: Entry<unknown>, { status }: Unasked): boolean =>
  status === 409 && entry.doubtful && entry.work.taken !== undefined;

/**
 * Sends a request under its number until the engine has it, and notes that in the entry.
 *
 * Undefined: `posted` says what became of it. An error: it could not be settled, and the line has to wait.
 */
export const poster =
  (ask: Ask, mayRepeat: MayRepeat, signal: AbortSignal, count: Count) =>
  async (entry: Entry<unknown>): Promise<EngineError | undefined> => {
    for (;;) {
      entry.number ??= ++count.last;
      const { number, work } = entry;
      const doubt = await clearDoubt(entry, mayRepeat);
      if (doubt?.kind === "unreachable") return doubt;
      if (doubt) {
        entry.posted = E.left(doubt);
        return undefined;
      }
      const answer = await ask(work.request(number), signal, guarded(entry) ? mayRepeat : undefined);
      if (E.isRight(answer)) {
        const { body } = answer.right;
        entry.posted = requestIdOf(entry, body.type === "json" ? body.value : undefined);
        if (guarded(entry)) count.dirty = work.effect === "gradient";
        return undefined;
      }
      const unasked = answer.left;
      entry.doubtful ||= unasked.repeated;
      if (unasked.kind === "unreachable" || unasked.kind === "cancelled") return errorOf(entry, unasked);
      if (!wasTaken(entry, unasked)) {
        if (!entry.doubtful && number === count.last) count.last--;
        entry.posted = E.left(refusal(entry, unasked));
        return undefined;
      }
      if (work.taken !== "renumber") {
        entry.posted = E.right(null);
        return undefined;
      }
      entry.number = ++count.last;
      entry.doubtful = false;
    }
  };
