import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";

/** An error that carries its kind as `_tag`, a message a stranger can act on, and the data behind the message. */
export type Tagged<Tag extends string, Data extends object = object> = Error & { readonly _tag: Tag } & Readonly<Data>;

/**
 * Makes a tagged error: a value to return in a `Left` or to throw from a Promise door.
 *
 * The message says what was given, what was wanted and where; the stack is left out, since the cause is the input.
 *
 * @example
 * import { tagged } from "@msrl/core";
 * const error = tagged("PromptTooLong", "prompt q7 has 130 tokens, the context holds 128", { id: "q7", tokens: 130 });
 * assert.deepStrictEqual([error._tag, error.tokens], ["PromptTooLong", 130]);
 * @since 0.1.0
 */
export const tagged = <Tag extends string, Data extends object>(
  tag: Tag,
  message: string,
  data: Data,
): Tagged<Tag, Data> => {
  const error = new Error(message);
  error.name = tag;
  error.stack = `${tag}: ${message}`;
  return Object.assign(error, { _tag: tag, ...data });
};

/** The Promise door of an effect: resolves with the `Right`, throws the tagged error of the `Left`. */
export const toPromise = async <Failure, Value>(task: TaskEither<Failure, Value>): Promise<Value> => {
  const result = await task();
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** Whether a value thrown by anyone is one of this library's tagged errors. */
export const isTagged = (value: unknown): value is Tagged<string> =>
  value instanceof Error && typeof (value as { _tag?: unknown })._tag === "string";
