import { bits, fold, key, type Message, text, toPromise } from "@msrl/core";
import type { ChatModel } from "@msrl/core/openai";

/** How a judge is asked. */
export interface AskOptions {
  /** The judge. */
  readonly chat: ChatModel;
  /** Sampling temperature; above 0, so that asking again can help. */
  readonly temperature: number;
  /** Longest reply, in tokens. */
  readonly maxTokens: number;
  /** Times a reply that cannot be read is asked for again at most, the first time included. */
  readonly attempts: number;
}

/** Defaults of {@link AskOptions}. */
export const askDefaults = { temperature: 0.2, maxTokens: 1024, attempts: 3 } as const;

/** A message of the user that is text alone. */
export const userMessage = (content: string): Message => ({ role: "user", content: [text(content)] });

/** What a reply says, once it could be read; with the last of those that could not, no value. */
export type Answered<Value> = { readonly value: Value; readonly reply: string } | { readonly unread: string };

/** The end of a reply, where verdicts stand: the reason of a value. */
export const endOf = (reply: string): string => reply.trim().slice(-300);

/** Why there is no value: what could not be read, how often it was asked for, and what was said last. */
export const unreadable = (what: string, { attempts }: AskOptions, unread: string): string =>
  `no readable ${what} in ${attempts} attempts, the last: ${JSON.stringify(endOf(unread))}`;

/** Asks until a reply can be read; each attempt has a seed of its own, so that a server that honours it gives another. */
export const ask = async <Value>(
  { chat, temperature, maxTokens, attempts }: AskOptions,
  messages: readonly Message[],
  parse: (reply: string) => Value | null,
  signal?: AbortSignal,
): Promise<Answered<Value>> => {
  let unread = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const seed = bits(fold(key(attempt), "judge"), 1)[0]! >>> 1;
    const { choices } = await toPromise(chat.chat({ messages, temperature, maxTokens, seed }, signal));
    const reply = choices[0]!.text;
    const value = parse(reply);
    if (value !== null) return { value, reply };
    unread = reply;
  }
  return { unread };
};
