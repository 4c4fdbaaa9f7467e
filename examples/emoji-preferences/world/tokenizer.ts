import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { specialTokens, vocabulary } from "./vocabulary.js";

const { pad, bos, eos, unknown, media } = specialTokens;

const special = (content: string) => ({
  id: vocabulary.indexOf(content),
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** The world's `tokenizer.json`: one token a word, words split at white space. */
export const tokenizerJson = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [pad, bos, eos, unknown, media].map(special),
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    unk_token: unknown,
  },
};

/**
 * Messages to text: `<bos>`, the parts of each message with a space before each, ` |` where the assistant is to speak,
 * `<eos>` after it has. An image or a video is one `<img>`, which the policy repeats for each of its patches.
 */
export const chatTemplate = [
  "{{- bos_token -}}",
  "{%- for message in messages -%}",
  "{%- if message.role == 'assistant' -%}{{- ' |' -}}{%- endif -%}",
  "{%- if message.content is string -%}{{- ' ' + message.content -}}",
  "{%- else -%}{%- for part in message.content -%}",
  `{{- ' ' + (part.text if part.type == 'text' else '${media}') -}}`,
  "{%- endfor -%}{%- endif -%}",
  "{%- if message.role == 'assistant' -%}{{- ' ' + eos_token -}}{%- endif -%}",
  "{%- endfor -%}",
  "{%- if add_generation_prompt -%}{{- ' |' -}}{%- endif -%}",
].join("\n");

/** The world's `tokenizer_config.json`. */
export const tokenizerConfig = {
  tokenizer_class: "PreTrainedTokenizerFast",
  pad_token: pad,
  bos_token: bos,
  eos_token: eos,
  unk_token: unknown,
  image_token: media,
  video_token: media,
  model_max_length: 128,
  clean_up_tokenization_spaces: false,
  chat_template: chatTemplate,
};

/** The folder of the shipped backbone. */
export const backboneFolder = fileURLToPath(new URL("../backbone/", import.meta.url));

/** Writes `tokenizer.json` and `tokenizer_config.json` into a folder: what the shipped ones were made by. */
export const writeTokenizer = async (folder: string = backboneFolder): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) => writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await Promise.all([write("tokenizer.json", tokenizerJson), write("tokenizer_config.json", tokenizerConfig)]);
};
