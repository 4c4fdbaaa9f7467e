import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import * as TE from "fp-ts/TaskEither";
import type { Message } from "../data/prompt.js";
import { type Tagged, tagged, toPromise } from "../errors.js";
import type { ChatTokenizer } from "../models/tokenizer.js";

/** A tokenizer folder that cannot be used: which file, and what is wrong with it. */
export type TokenizerError = Tagged<"TokenizerError", { readonly file: string }>;

const failed = (file: string, message: string): TokenizerError =>
  tagged("TokenizerError", `${file}: ${message}`, { file });

type Json = Readonly<Record<string, unknown>>;

const readJson = async (file: string): Promise<Json> => {
  const text = await readFile(file, "utf8").catch(() => {
    throw failed(file, "no such file; tokenizer.json and tokenizer_config.json of a Hugging Face folder are wanted");
  });
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw failed(file, `not JSON: ${(error as Error).message}`);
  }
};

/** Special tokens are written as text or as `{ content }`. */
const contentOf = (token: unknown): string | undefined =>
  typeof token === "string" ? token : (token as { content?: string } | null | undefined)?.content;

/** Messages as chat templates read them: `{ type: "text", text }`, `{ type: "image" }`, `{ type: "video" }`. */
const templateMessages = (messages: readonly Message[]): readonly Json[] =>
  messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => (part.type === "text" ? part : { type: part.media.kind })),
  }));

const assemble = (folder: string, json: Json, config: Json): ChatTokenizer => {
  const tokenizer = new Tokenizer(json, config);
  const file = join(folder, "tokenizer_config.json");
  const idOf = (field: string): number => {
    const token = contentOf(config[field]);
    const ids = token === undefined ? [] : tokenizer.encode(token, { add_special_tokens: false }).ids;
    if (ids.length !== 1) throw failed(file, `${field}: ${token} is not one token of the vocabulary`);
    return ids[0]!;
  };
  const special = Object.fromEntries(
    ["bos_token", "eos_token", "pad_token", "unk_token"].map((name) => [name, contentOf(config[name])]),
  );
  if (typeof config.chat_template !== "string") throw failed(file, "chat_template: a template (text) wanted");
  const template = new Template(config.chat_template);
  const model = json.model as { vocab?: object } | undefined;
  const added = (json.added_tokens as readonly { content: string }[] | undefined) ?? [];
  const vocabulary = new Set([...Object.keys(model?.vocab ?? {}), ...added.map(({ content }) => content)]);
  return {
    vocabularySize: vocabulary.size,
    endId: idOf("eos_token"),
    padId: idOf("pad_token"),
    ...(config.image_token !== undefined && { mediaId: idOf("image_token") }),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => (ids.length === 0 ? "" : tokenizer.decode([...ids], { skip_special_tokens: true })),
    chat: (messages) =>
      template.render({ ...special, messages: templateMessages(messages), add_generation_prompt: true }),
  };
};

/** Reads a Hugging Face tokenizer with its chat template: the TaskEither door of {@link loadTokenizer}. */
export const loadTokenizerTask = (folder: string): TE.TaskEither<TokenizerError, ChatTokenizer> =>
  TE.tryCatch(
    async () =>
      assemble(
        folder,
        await readJson(join(folder, "tokenizer.json")),
        await readJson(join(folder, "tokenizer_config.json")),
      ),
    (error) => {
      const known = error as Partial<TokenizerError>;
      return known._tag === "TokenizerError"
        ? (known as TokenizerError)
        : failed(folder, `not a tokenizer that can be read: ${(error as Error).message}`);
    },
  );

/**
 * Reads a Hugging Face tokenizer with its chat template from a local folder; nothing is downloaded.
 *
 * Wants `tokenizer.json` and `tokenizer_config.json` with `chat_template`, `eos_token` and `pad_token`; `image_token`
 * names the token that stands for a medium. Throws {@link TokenizerError}, which names the file.
 *
 * @since 0.1.0
 */
export const loadTokenizer = (folder: string): Promise<ChatTokenizer> => toPromise(loadTokenizerTask(folder));
