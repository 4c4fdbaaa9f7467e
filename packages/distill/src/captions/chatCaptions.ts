import { bits, type Caption, type CaptionError, fold, type Key, type Message, tagged, text } from "@msrl/core";
import type { ChatModel } from "@msrl/core/openai";
import * as E from "fp-ts/Either";

/** How a chat model is asked. */
export interface ChatCaptionsOptions {
  readonly chat: ChatModel;
  readonly system?: string;
  readonly maxTokens: number;
  readonly temperature: number;
}

const failed = (captioner: string, message: string): CaptionError =>
  tagged("CaptionError", `captioner ${captioner}: ${message}`, { captioner, final: true });

/** What a model that reasons first says after it. */
const afterReasoning = (text: string): string => text.split("</think>").at(-1)!.trim();

/** Asks for captions, and again for the rest where a server gives fewer replies than wanted; tokens stand at the first of each reply. */
export const chatCaptions =
  ({ chat, system, maxTokens, temperature }: ChatCaptionsOptions) =>
  async (
    content: Message["content"],
    wanted: number,
    key: Key,
    signal?: AbortSignal,
  ): Promise<E.Either<CaptionError, readonly Caption[]>> => {
    const before: readonly Message[] = system === undefined ? [] : [{ role: "system", content: [text(system)] }];
    const messages: readonly Message[] = [...before, { role: "user", content }];
    const captions: Caption[] = [];
    while (captions.length < wanted) {
      const seed = bits(fold(key, captions.length), 1)[0]! >>> 1;
      const samples = wanted - captions.length;
      const reply = await chat.chat({ messages, samples, temperature, maxTokens, seed }, signal)();
      if (E.isLeft(reply)) return E.left(failed(chat.name, reply.left.message));
      const { choices, promptTokens, completionTokens } = reply.right;
      if (choices.length === 0) return E.left(failed(chat.name, "a reply without choices"));
      const spent = { prompt: promptTokens, completion: completionTokens };
      const nothing = { prompt: 0, completion: 0 };
      captions.push(
        ...choices.slice(0, samples).map((choice, at) => ({
          text: afterReasoning(choice.text),
          tokens: at === 0 ? spent : nothing,
          truncated: choice.truncated,
        })),
      );
    }
    return E.right(captions);
  };
