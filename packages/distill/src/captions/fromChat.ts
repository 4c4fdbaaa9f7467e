import {
  type Caption,
  type CaptionError,
  type Captioner,
  type CaptionRequest,
  fold,
  type Media,
  media,
  type SampleFramesOptions,
  sampleFrames,
  sampleFramesDefaults,
  tagged,
  text,
} from "@msrl/core";
import { atLeast, checkOptions, optional, type Rule, wholeFrom } from "@msrl/core/configuration";
import type { ChatModel } from "@msrl/core/openai";
import * as E from "fp-ts/Either";
import type { Captioned } from "./captionCache.js";
import { chatCaptions } from "./chatCaptions.js";
import { joinCaptions } from "./joinCaptions.js";

/** How a chat model is asked for captions. */
export interface FromChatOptions {
  readonly chat: ChatModel;
  /** What it is asked beside an image, or a frame. */
  readonly prompt: string;
  /** What it is asked beside the frames of a video. */
  readonly videoPrompt: string;
  /** What it is told before. */
  readonly system?: string;
  /** Tokens of a caption at most. */
  readonly maxTokens: number;
  readonly temperature: number;
  /** Temperature at least where a caption was not taken and is asked for again: at 0 the same would come. */
  readonly retryTemperature: number;
  /** Captions a medium, for a temperature above 0; put together a line each, or by `summary`. */
  readonly captions: number;
  /** Frames of a video that are shown. */
  readonly frames: Partial<SampleFramesOptions>;
  /**
   * How several captions are made one: this text and the captions, numbered, are asked in one more request, without
   * pictures. A video's frames are then captioned one by one, for servers that take one picture at a time; otherwise all
   * frames go in one request.
   */
  readonly summary?: string;
}

/** Defaults of {@link fromChat}. */
export const fromChatDefaults = {
  prompt:
    "Describe this image in one paragraph: all objects with their number, colour and place, people and what they do, any text word for word, the style and visible flaws. Say only what is seen.",
  videoPrompt:
    "These are frames of one video, in order. Describe the video in one paragraph: what is shown, what happens and in which order, any text word for word, the style and visible flaws. Say only what is seen.",
  maxTokens: 512,
  temperature: 0,
  retryTemperature: 0.7,
  captions: 1,
  frames: sampleFramesDefaults,
} as const satisfies Omit<FromChatOptions, "chat">;

/** A prompt for `summary` of {@link fromChat}. */
export const summaryPrompt =
  "These are descriptions of one thing, of the frames of a video in order or of one image several times. Write one description that keeps every detail and the order of events. Answer with the description alone.";

const words: Rule = { wanted: "a text", fits: (value) => typeof value === "string" && value.trim() !== "" };
const present: Rule = { wanted: "an object", fits: (value) => typeof value === "object" && value !== null };

const rules = {
  chat: { wanted: "a chat model", fits: (value: unknown) => typeof (value as ChatModel | null)?.chat === "function" },
  prompt: words,
  videoPrompt: words,
  system: optional(words),
  maxTokens: wholeFrom(1),
  temperature: atLeast(0),
  retryTemperature: atLeast(0),
  captions: wholeFrom(1),
  frames: present,
  summary: optional(words),
};

const noPictures = (captioner: string, { kind, source }: Media): CaptionError => {
  const where = source === undefined ? "" : ` (${source})`;
  const message = `captioner ${captioner}: the ${kind}${where} has no pictures, wanted one at least`;
  return tagged("CaptionError", message, { captioner, final: true });
};

const numbered = (texts: readonly string[]): string => texts.map((one, at) => `${at + 1}. ${one}`).join("\n");

/** Everything that a caption depends on. */
const fingerprintOf = ({ chat, frames, ...rest }: FromChatOptions): string =>
  JSON.stringify(["chat", chat.name, { ...sampleFramesDefaults, ...frames }, Object.entries(rest).sort()]);

/**
 * A chat model as captioner: any OpenAI-compatible server that sees, through `openaiChat`.
 *
 * An image is one request. A video is one request with chosen frames, or, with `summary`, one a frame and one to sum them
 * up. Reasoning before `</think>` is left out. The seed of a request comes from the key. The model tries again itself, so
 * that its errors are final; a medium without pictures is an error, too. Captions of models of one name count as the same:
 * give other names to other weights.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import { fromChat } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const reply = { choices: [{ text: "A red fox.", truncated: false }], promptTokens: 90, completionTokens: 4 };
 * const captioner = fromChat({ chat: { name: "vlm", chat: () => TE.right(reply) } });
 * const image = { kind: "image", frames: [{ width: 1, height: 1, data: Uint8Array.of(9, 9, 9) }] } as const;
 * const caption = await toPromise(captioner.caption(image, { key: key(0) }));
 * assert.deepStrictEqual(caption, { text: "A red fox.", tokens: { prompt: 90, completion: 4 }, truncated: false });
 * @since 0.1.0
 */
export const fromChat = (given: Partial<FromChatOptions> & Pick<FromChatOptions, "chat">): Captioner => {
  const options = checkOptions<FromChatOptions>("fromChat", rules, fromChatDefaults, given);
  const { chat, prompt, videoPrompt, captions, summary } = options;
  const choose = sampleFrames(options.frames);
  const asked = chatCaptions(options);
  const askedAgain = chatCaptions({ ...options, temperature: Math.max(options.temperature, options.retryTemperature) });

  /** What is shown in one request each: a medium whole, or a video frame by frame. */
  const shownOf = ({ kind, frames }: Media): readonly Media[] => {
    if (kind === "image") return [{ kind, frames: frames.slice(0, 1) }];
    const chosen = choose(frames);
    return summary === undefined
      ? [{ kind, frames: chosen }]
      : chosen.map((frame) => ({ kind: "image", frames: [frame] }));
  };

  const captionOf = async (medium: Media, { key, attempt = 0, signal }: CaptionRequest): Promise<Captioned> => {
    const ask = attempt > 0 ? askedAgain : asked;
    if (medium.frames.length === 0) return E.left(noPictures(chat.name, medium));
    const all = await Promise.all(
      shownOf(medium).map((shown, at) =>
        ask([media(shown), text(shown.kind === "image" ? prompt : videoPrompt)], captions, fold(key, at), signal),
      ),
    );
    const failure = all.find(E.isLeft);
    if (failure !== undefined) return failure;
    const parts = all.flatMap((each) => (E.isRight(each) ? each.right : []));
    const joined = joinCaptions(parts);
    if (summary === undefined || parts.length === 1) return E.right(joined);
    const question = [text(`${summary}\n\n${numbered(parts.map((part) => part.text))}`)];
    const summed = await ask(question, 1, fold(key, "summary"), signal);
    return E.map((one: readonly Caption[]) => {
      const { text, tokens, truncated } = joinCaptions([...parts, ...one]);
      return { text: one[0]?.text ?? text, tokens, truncated };
    })(summed);
  };

  return {
    name: chat.name,
    fingerprint: fingerprintOf(options),
    caption: (medium, request) => () => captionOf(medium, request),
  };
};
