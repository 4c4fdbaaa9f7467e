import type { Message } from "../../data/prompt.js";

/** A tokenizer with its chat template: what a policy needs of it. */
export interface ChatTokenizer {
  readonly vocabularySize: number;
  /** Ends a completion. */
  readonly endId: number;
  readonly padId: number;
  /** Stands for a medium in a rendered prompt; absent for a text model. */
  readonly mediaId?: number;
  encode(text: string): readonly number[];
  /** Text of token ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** The prompt that the chat template makes of messages, up to where the answer begins. */
  chat(messages: readonly Message[]): string;
}
