import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import * as TE from "fp-ts/TaskEither";
import { type Tagged, tagged, toPromise } from "../errors.js";
import type { ChatTokenizer } from "../models/prompts/tokenizer.js";
import { chatRenderer } from "./chatTemplate.js";

/** A tokenizer folder that cannot be used: which file, and what is wrong with it. */
export type TokenizerError = Tagged<"TokenizerError", { readonly file: string }>;

const failed = (file: string, message: string): TokenizerError =>
  tagged("TokenizerError", `${file}: ${message}`, { file });

type Json = Readonly<Record<string, unknown>>;

const wanted = "tokenizer.json and tokenizer_config.json of a Hugging Face folder are wanted";

const parsed = (file: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failed(file, `not JSON: ${(error as Error).message}`);
  }
};

const readJson = async (file: string): Promise<Json> => {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw failed(file, error.code === "ENOENT" ? `no such file; ${wanted}` : `cannot be read: ${error.message}`);
  });
  const json = parsed(file, text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw failed(file, "a JSON object wanted");
  return json as Json;
};

/** The chat template: in the configuration, or in a file of its own beside it. */
const readTemplate = async (folder: string, config: Json): Promise<string> => {
  if (typeof config.chat_template === "string") return config.chat_template;
  return readFile(join(folder, "chat_template.jinja"), "utf8").catch(() => {
    const message = "chat_template: a template (text) wanted, here or in chat_template.jinja";
    throw failed(join(folder, "tokenizer_config.json"), message);
  });
};

/** Rows that an embedding needs: the highest id and one. */
const vocabularyOf = (json: Json): number => {
  const { vocab = {} } = (json.model ?? {}) as { vocab?: object };
  const added = (json.added_tokens ?? []) as readonly { readonly id: number }[];
  const ids = Array.isArray(vocab) ? [vocab.length - 1] : Object.values(vocab as Readonly<Record<string, number>>);
  return [...ids, ...added.map(({ id }) => id)].reduce((highest, id) => Math.max(highest, id), -1) + 1;
};

/** Special tokens are written as text or as `{ content }`. */
const contentOf = (token: unknown): string | undefined =>
  typeof token === "string" ? token : (token as { content?: string } | null | undefined)?.content;

const assemble = (folder: string, json: Json, config: Json, chatTemplate: string): ChatTokenizer => {
  const tokenizer = new Tokenizer(json, config);
  const file = join(folder, "tokenizer_config.json");
  const idOf = (field: string): number => {
    const token = contentOf(config[field]);
    const ids = token === undefined ? [] : tokenizer.encode(token, { add_special_tokens: false }).ids;
    if (ids.length !== 1) throw failed(file, `${field}: ${token ?? "nothing"} is not one token of the vocabulary`);
    return ids[0]!;
  };
  const special = Object.fromEntries(
    ["bos_token", "eos_token", "pad_token", "unk_token"].map((name) => [name, contentOf(config[name])]),
  );
  return {
    vocabularySize: vocabularyOf(json),
    endId: idOf("eos_token"),
    padId: idOf(contentOf(config.pad_token) === undefined ? "eos_token" : "pad_token"),
    ...(config.image_token !== undefined && { mediaId: idOf("image_token") }),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => (ids.length === 0 ? "" : tokenizer.decode([...ids], { skip_special_tokens: true })),
    chat: chatRenderer(chatTemplate, special),
  };
};

/** Reads a Hugging Face tokenizer with its chat template: the TaskEither door of {@link loadTokenizer}. */
export const loadTokenizerTask = (folder: string): TE.TaskEither<TokenizerError, ChatTokenizer> =>
  TE.tryCatch(
    async () => {
      const json = await readJson(join(folder, "tokenizer.json"));
      const config = await readJson(join(folder, "tokenizer_config.json"));
      return assemble(folder, json, config, await readTemplate(folder, config));
    },
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
 * Wants `tokenizer.json` and `tokenizer_config.json` with `eos_token` and `chat_template` (or a `chat_template.jinja`
 * beside it). Where there is no `pad_token` (Llama 3 has none) the end token pads; `image_token` names the token that
 * stands for a medium. A template gets a message's content as text or as parts, whichever it was written for. Throws
 * {@link TokenizerError}, which names the file.
 *
 * @example
 * import { loadTokenizer } from "@msrl/core/transformers";
 * const error = await loadTokenizer("no/such/folder").catch((refused) => refused);
 * assert.deepStrictEqual(error._tag, "TokenizerError");
 * @since 0.1.0
 */
export const loadTokenizer = (folder: string): Promise<ChatTokenizer> => toPromise(loadTokenizerTask(folder));
