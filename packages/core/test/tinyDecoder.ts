import * as E from "fp-ts/Either";
import { type Media, media, type Prompt, text } from "../src/data/index.js";
import type { DecoderConfig, VisionConfig } from "../src/models/decoder/config.js";
import { initialParameters, namedParameters } from "../src/models/decoder/parameters.js";
import { type EncodedPrompt, encodePrompt } from "../src/models/prompts/encode.js";
import type { ChatTokenizer } from "../src/models/prompts/tokenizer.js";
import type { DecoderState } from "../src/models/state.js";
import { bits, fold, type Key, key, normal } from "../src/rng.js";
import type { NaiveWeights } from "./naiveDecoder.js";

const vision: VisionConfig = {
  patchSize: 2,
  hiddenSize: 12,
  intermediateSize: 20,
  layers: 1,
  imagePositions: 4,
  videoPositions: 3,
};

/** Two layers, heads that share keys, a head size that is not the width over the heads. */
export const textConfig: DecoderConfig = {
  vocabularySize: 23,
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 6,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  contextLength: 40,
};

/** The same with a vision tower. */
export const visionConfig: DecoderConfig = { ...textConfig, vision };

/** A tokenizer whose text is token ids with spaces between; `chat` puts a prompt's parts one after another. */
export const idTokenizer: ChatTokenizer = {
  vocabularySize: textConfig.vocabularySize,
  endId: 2,
  padId: 0,
  mediaId: 1,
  encode: (ids) => ids.split(" ").filter(Boolean).map(Number),
  decode: (ids) => ids.filter((id) => id > 2).join(" "),
  chat: (messages) =>
    messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : "1"))).join(" "),
};

/** A prompt of token ids and media, in this order. */
export const promptOf = (id: string, ...parts: readonly (readonly number[] | Media)[]): Prompt => ({
  id,
  messages: [{ role: "user", content: parts.map((part) => ("kind" in part ? media(part) : text(part.join(" ")))) }],
});

const frame = (from: Key, width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from(bits(from, 3 * width * height), (word) => word & 255),
});

/** A picture of noise. */
export const picture = (seed: number, width: number, height: number): Media => ({
  kind: "image",
  frames: [frame(fold(key(seed), "picture"), width, height)],
});

/** A video of noise, each frame one patch. */
export const clip = (seed: number, frames: number): Media => ({
  kind: "video",
  frames: Array.from({ length: frames }, (_, at) => frame(fold(fold(key(seed), "clip"), at), 2, 2)),
});

/** Weights away from their start: embeddings of a common size, norms that are not one. */
export const tinyState = (config: DecoderConfig, seed: number): DecoderState => ({
  parameters: Object.fromEntries(
    Object.entries(initialParameters(config, key(seed))).map(([group, values]) => {
      const noise = normal(fold(key(seed), `noise ${group}`), values.length);
      return [group, values.map((value, at) => value + 0.1 * noise[at]!)];
    }),
  ),
  optimizer: {},
  updates: 0,
});

/** A state's weights as the naive decoder reads them; float64 copies. */
export const naiveWeights = (config: DecoderConfig, { parameters }: DecoderState): NaiveWeights =>
  Object.fromEntries(
    Object.entries(namedParameters(config, parameters)).map(([name, { data }]) => [
      name,
      Float64Array.from(data as Float32Array),
    ]),
  );

/** A prompt as the decoder reads it. */
export const encoded = (config: DecoderConfig, prompt: Prompt): EncodedPrompt => {
  const result = encodePrompt(config, idTokenizer)(prompt);
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** Token ids of a completion: any but those with a meaning of their own, then the end. */
export const completionOf = (seed: number, length: number): readonly number[] => [
  ...Array.from(bits(fold(key(seed), "completion"), length - 1), (word) => 3 + (word % 20)),
  idTokenizer.endId,
];

/** Prompts of one token and of several, with a picture, a video, both and neither; a length beyond one bucket. */
export const mixedPrompts: readonly Prompt[] = [
  promptOf("one", [7]),
  promptOf("words", [5, 9, 3, 3, 12]),
  promptOf("picture", [4, 8], picture(1, 4, 4), [9, 6]),
  promptOf("long", [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  promptOf("video", clip(2, 3), [5]),
  promptOf("both", [11], picture(3, 2, 4), [10], clip(4, 2), picture(5, 4, 2), [13, 14]),
];

/** Those of {@link mixedPrompts} without media. */
export const wordPrompts = mixedPrompts.filter(({ messages }) =>
  messages.every(({ content }) => content.every(({ type }) => type === "text")),
);

/** The largest distance between numbers at the same places. */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} numbers`);
  return Array.from(a).reduce((most, value, at) => {
    const off = Math.abs(value - b[at]!);
    return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(most, off);
  }, 0);
};
