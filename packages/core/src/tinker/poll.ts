import * as E from "fp-ts/Either";
import { type Ask, type Patience, saidOf, triesAtOnce, type Unasked } from "./ask.js";
import { type AnswerBody, fieldsOf } from "./readAnswer.js";

/** Why there is no result; `gone`: the engine forgot the request and wants it again. */
export type Unsettled = Omit<Unasked, "kind"> & { readonly kind: Unasked["kind"] | "gone" };

/** Waits for the result of a request that was accepted. */
export type Poll = <Value>(
  requestId: string,
  read: (body: AnswerBody) => E.Either<string, Value>,
  signal: AbortSignal,
) => Promise<E.Either<Unsettled, Value>>;

/** Times a result is asked for again that cannot be read: a broken answer may be whole the second time. */
const readings = 3;

/** What a status of `retrieve_future` means: 410 gone, 404 an engine that knows nothing of it, others its failure. */
const meaning = (unasked: Unasked): Unsettled => {
  const { status, kind } = unasked;
  if (kind !== "refused") return unasked;
  if (status === 410) return { ...unasked, kind: "gone" };
  if (status === 404) return { ...unasked, kind: "lost" };
  return { ...unasked, kind: status === 401 || status === 403 ? "refused" : "failed" };
};

/** A failure told with status 200. */
const failureOf = (body: AnswerBody): Unsettled | undefined => {
  const { error, category } = body.type === "json" ? fieldsOf(body.value) : {};
  if (typeof error !== "string") return undefined;
  const what = typeof category === "string" ? `${saidOf(body)} (category ${category})` : saidOf(body);
  return { kind: "failed", what, status: 200, repeated: false };
};

const isTryAgain = (body: AnswerBody): boolean => body.type === "json" && fieldsOf(body.value).type === "try_again";

/** A poller: long polls of `timeout` milliseconds, at once again while the engine says that it is still at work. */
export const poller =
  (
    ask: Ask,
    { timeout, accept, delay, sleep }: Pick<Patience, "delay" | "sleep"> & { timeout: number; accept: () => string },
  ): Poll =>
  async (requestId, read, signal) => {
    let waits = 0;
    for (let unread = 0; ; ) {
      const body = { request_id: requestId };
      const answer = await ask({ method: "POST", path: "retrieve_future", body, accept: accept(), timeout }, signal);
      if (E.isLeft(answer)) return E.left(meaning(answer.left));
      if (isTryAgain(answer.right.body)) {
        if (++waits > triesAtOnce) await sleep(delay);
        continue;
      }
      const failure = failureOf(answer.right.body);
      if (failure) return E.left(failure);
      const value = read(answer.right.body);
      if (E.isRight(value)) return value;
      if (++unread >= readings)
        return E.left({ kind: "badAnswer", what: value.left, status: answer.right.status, repeated: false });
    }
  };
