import type { Media } from "./sample.js";

/** A piece of a message: text, or media at the place where the model sees them. */
export type Part = { readonly type: "text"; readonly text: string } | { readonly type: "media"; readonly media: Media };

/** A chat message as chat templates take it. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: readonly Part[];
}

/** What a policy is asked: chat messages with media parts; `id` names the sample it was rendered from. */
export interface Prompt {
  readonly id: string;
  readonly messages: readonly Message[];
}

/** A text part. */
export const text = (value: string): Part => ({ type: "text", text: value });

/** A media part. */
export const media = (value: Media): Part => ({ type: "media", media: value });
