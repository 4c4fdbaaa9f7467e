import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import * as E from "fp-ts/Either";
import { tagged } from "../errors.js";
import type { ChatError, ChatModel, ChatReply, ChatRequest } from "./chat.js";
import { bodyOf } from "./wire.js";

/** A chat model whose replies outlive the process. */
export interface KeptChat extends ChatModel {
  /** Drops the replies that were asked for so far: whoever asked has put them elsewhere, and nothing is under way. */
  forget(): Promise<void>;
}

const keyOf = (model: string, request: ChatRequest): string =>
  createHash("sha256")
    .update(JSON.stringify(bodyOf(model, request)))
    .digest("hex");

const entryOf = (line: string): readonly (readonly [string, ChatReply])[] => {
  try {
    const { key, reply } = JSON.parse(line) as { readonly key?: unknown; readonly reply?: ChatReply };
    return typeof key === "string" && Array.isArray(reply?.choices) ? [[key, reply]] : [];
  } catch {
    return []; // a disk that lost power: as if it had not been asked
  }
};

/** What a file holds; a line that was cut off by a kill is taken off it. */
const load = async (file: string): Promise<Map<string, ChatReply>> => {
  await mkdir(dirname(file), { recursive: true });
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return Buffer.alloc(0);
    throw cause;
  });
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) await truncate(file, end);
  return new Map(bytes.toString("utf8", 0, end).split("\n").flatMap(entryOf));
};

/**
 * A chat model that writes each reply to a file before it gives it, and after a kill and a new start gives what the file
 * holds without asking: for work that asks many times before it has something to keep, a batch of traces for one.
 *
 * A reply is known again by all that is sent for it: model, messages, pictures, sampling, seed; so ask with seeds. What
 * comes from the file took no tokens this time: it counts 0. `forget` empties the file of what was asked for, so that
 * file and memory hold one piece of work. One process at a time writes a file.
 *
 * Errors: those of the model; a file that cannot be read or written is a `ChatError` with its path as `url`.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { toPromise } from "@msrl/core";
 * import { keptReplies } from "@msrl/core/openai";
 * import * as TE from "fp-ts/TaskEither";
 * const file = join(await mkdtemp(join(tmpdir(), "replies-")), "replies.jsonl");
 * const reply = { choices: [{ text: "A", truncated: false }], promptTokens: 3, completionTokens: 1 };
 * const request = { messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "A or B?" }] }], seed: 1 };
 * await toPromise(keptReplies({ file, chat: { name: "judge", chat: () => TE.right(reply) } }).chat(request));
 * const silent = { name: "judge", chat: () => { throw new Error("asked again"); } };
 * const again = await toPromise(keptReplies({ file, chat: silent }).chat(request)); // after a new start
 * assert.deepStrictEqual(again, { ...reply, promptTokens: 0, completionTokens: 0 });
 * @since 0.1.0
 */
export const keptReplies = ({ chat, file }: { readonly chat: ChatModel; readonly file: string }): KeptChat => {
  let loading: Promise<Map<string, ChatReply>> | undefined;
  let writing: Promise<void> = Promise.resolve();
  const asked = new Set<string>();
  const held = () => (loading ??= load(file));

  const write = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work);
    writing = done.catch(() => {}); // whoever waits for it is told
    return done;
  };

  const kept = async (request: ChatRequest, signal?: AbortSignal): Promise<E.Either<ChatError, ChatReply>> => {
    const key = keyOf(chat.name, request);
    asked.add(key);
    const replies = await held();
    const known = replies.get(key);
    if (known !== undefined) return E.right({ ...known, promptTokens: 0, completionTokens: 0 });
    const result = await chat.chat(request, signal)();
    if (E.isRight(result)) {
      replies.set(key, result.right);
      await write(() => appendFile(file, `${JSON.stringify({ key, reply: result.right })}\n`));
    }
    return result;
  };

  const unusable = (cause: unknown): ChatError =>
    tagged("ChatError", `kept replies ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      url: file,
      attempts: 0,
    });

  const forget = async (): Promise<void> => {
    if (asked.size === 0) return;
    const done = [...asked];
    asked.clear();
    const replies = await held();
    for (const key of done) replies.delete(key);
    if (replies.size === 0) await write(() => truncate(file).catch(() => {})); // what stays is known to nobody's harm
  };

  return {
    name: chat.name,
    chat: (request, signal) => () => kept(request, signal).catch((cause) => E.left(unusable(cause))),
    forget,
  };
};
