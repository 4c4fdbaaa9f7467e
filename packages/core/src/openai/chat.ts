import type { TaskEither } from "fp-ts/TaskEither";
import type { Message } from "../data/prompt.js";
import type { Tagged } from "../errors.js";

/** What a chat model is asked. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  /** Replies wanted; 1 if absent. */
  readonly samples?: number;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
  /** Whether the log-probs of the reply's tokens are wanted too. */
  readonly logProbs?: boolean;
  /** Texts that end a reply; it comes without them. */
  readonly stop?: readonly string[];
  /** Fields that a server knows beside these, f.e. vLLM's `top_k`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A token of a reply and its log-probability in nats. */
export interface ChatToken {
  readonly text: string;
  readonly logProb: number;
}

/** One reply. */
export interface ChatChoice {
  readonly text: string;
  /** True if the token limit came before the end. */
  readonly truncated: boolean;
  /** The reply's tokens, where they were asked for and the server tells them. */
  readonly tokens?: readonly ChatToken[];
  /** Their ids, where the server tells them. */
  readonly tokenIds?: readonly number[];
}

/** What a server answered. */
export interface ChatReply {
  readonly choices: readonly ChatChoice[];
  /** Tokens as the server counts them; 0 where it does not. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A server that did not answer, or not with a reply: how often it was asked, and its last status where it had one. */
export type ChatError = Tagged<
  "ChatError",
  { readonly url: string; readonly attempts: number; readonly status?: number }
>;

/** A chat model. */
export interface ChatModel {
  readonly name: string;
  chat(request: ChatRequest, signal?: AbortSignal): TaskEither<ChatError, ChatReply>;
}
