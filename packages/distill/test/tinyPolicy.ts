import type { Prompt } from "@msrl/core";
import { type ChatTokenizer, type DecoderConfig, type DecoderPolicyOptions, decoderPolicy } from "@msrl/core/models";
import type { Device } from "@msrl/core/session";

const letters = "abcdefgh<>/ captioinkwer";

/** Characters: 0 pads, 2 ends. */
const alphabet = [...new Set(letters)];

/** A tokenizer of single characters. */
const tokenizer: ChatTokenizer = {
  vocabularySize: alphabet.length + 3,
  endId: 2,
  padId: 0,
  mediaId: 1,
  encode: (text) => [...text].map((letter) => alphabet.indexOf(letter) + 3),
  decode: (ids) =>
    ids
      .filter((id) => id > 2)
      .map((id) => alphabet[id - 3])
      .join(""),
  chat: (messages) =>
    messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : ""))).join(" "),
};

const config: DecoderConfig = {
  ...{ vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, intermediateSize: 24, layers: 1 },
  ...{ heads: 2, keyValueHeads: 1, headSize: 8, ropeTheta: 100, normEpsilon: 1e-5, contextLength: 96 },
};

/** A decoder of one layer over characters: `c`, `a`, `p`, `t`, `i`, `o`, `n`, `<`, `>` and some more. */
export const tinyPolicy = (device: Device, weights: Pick<DecoderPolicyOptions, "base" | "lora" | "compute"> = {}) =>
  decoderPolicy({ config, tokenizer, device, ...weights });

/** Words of its vocabulary. */
export const tinyVocabulary = config.vocabularySize;

/** A prompt of characters that it knows. */
export const ask = (id: string, text: string): Prompt => ({
  id,
  messages: [{ role: "user", content: [{ type: "text", text }] }],
});
