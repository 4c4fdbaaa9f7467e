import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { clip, picture } from "../../test/tinyDecoder.js";
import { media, text } from "../data/index.js";
import { loadTokenizer, loadTokenizerTask } from "./tokenizer.js";

const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const json = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [special(0, "<pad>"), special(1, "<eos>"), special(2, "<img>"), special(9, "<late>")],
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    unk_token: "<unk>",
    vocab: { "<pad>": 0, "<eos>": 1, "<img>": 2, "<unk>": 3, user: 4, says: 5, hello: 6 },
  },
};

const template =
  "{% for message in messages %}{{ message.role }} says{% for part in message.content %} " +
  "{% if part.type == 'text' %}{{ part.text }}{% else %}<img>{% endif %}{% endfor %}{% endfor %}" +
  "{% if add_generation_prompt %} hello{% endif %}";

const config = {
  tokenizer_class: "PreTrainedTokenizerFast",
  pad_token: "<pad>",
  eos_token: { content: "<eos>" },
  unk_token: "<unk>",
  image_token: "<img>",
  chat_template: template,
};

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** A folder with these files; an object is written as JSON. */
const folderOf = async (files: Readonly<Record<string, object | string>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return folder;
};
const whole = { "tokenizer.json": json, "tokenizer_config.json": config };

describe("a tokenizer folder", () => {
  it("pads with the end token where it has no other", async () => {
    for (const pad of [null, undefined]) {
      const folder = await folderOf({ ...whole, "tokenizer_config.json": { ...config, pad_token: pad } });
      expect(await loadTokenizer(folder)).toMatchObject({ endId: 1, padId: 1 });
    }
  });

  it("gives token ids, text and prompts", async () => {
    const tokenizer = await loadTokenizer(await folderOf(whole));
    expect(tokenizer).toMatchObject({ vocabularySize: 10, endId: 1, padId: 0, mediaId: 2 });
    expect(tokenizer.encode("hello user <img> stranger")).toEqual([6, 4, 2, 3]);
    expect(tokenizer.decode([6, 4, 1])).toBe("hello user");
    expect(tokenizer.decode([])).toBe("");
    const content = [text("hello"), media(picture(1, 2, 2)), media(clip(1, 2))];
    expect(tokenizer.chat([{ role: "user", content }])).toBe("user says hello <img> <img> hello");
  });

  it("may keep its template in a file of its own", async () => {
    const { chat_template: own, ...rest } = config;
    const folder = await folderOf({ ...whole, "tokenizer_config.json": rest, "chat_template.jinja": own });
    expect((await loadTokenizer(folder)).chat([{ role: "user", content: [] }])).toBe("user says hello");
  });

  it("needs no token for media", async () => {
    const { image_token: _, ...rest } = config;
    expect((await loadTokenizer(await folderOf({ ...whole, "tokenizer_config.json": rest }))).mediaId).toBeUndefined();
  });

  it("counts the rows of a vocabulary that is a list", async () => {
    const model = { type: "Unigram", unk_id: 3, vocab: Object.keys(json.model.vocab).map((token) => [token, -1]) };
    const tokenizer = await loadTokenizer(await folderOf({ ...whole, "tokenizer.json": { ...json, model } }));
    expect(tokenizer.vocabularySize).toBe(10);
  });
});

describe("a folder that is no tokenizer", () => {
  const { chat_template: _, ...untemplated } = config;
  const wanted = "tokenizer.json and tokenizer_config.json of a Hugging Face folder are wanted";
  it.each<[string, Readonly<Record<string, object | string>>, string, string | RegExp]>([
    ["a missing file", { "tokenizer.json": json }, "tokenizer_config.json", `no such file; ${wanted}`],
    ["no file at all", {}, "tokenizer.json", `no such file; ${wanted}`],
    ["bad JSON", { ...whole, "tokenizer.json": "{ oops" }, "tokenizer.json", /^not JSON: /],
    [
      "JSON of another kind",
      { ...whole, "tokenizer_config.json": "[1]" },
      "tokenizer_config.json",
      "a JSON object wanted",
    ],
    [
      "a missing chat template",
      { ...whole, "tokenizer_config.json": untemplated },
      "tokenizer_config.json",
      "chat_template: a template (text) wanted, here or in chat_template.jinja",
    ],
    [
      "an end that is no token",
      { ...whole, "tokenizer_config.json": { ...config, eos_token: "the end" } },
      "tokenizer_config.json",
      "eos_token: the end is not one token of the vocabulary",
    ],
    [
      "padding that is no token",
      { ...whole, "tokenizer_config.json": { ...config, pad_token: "hello says" } },
      "tokenizer_config.json",
      "pad_token: hello says is not one token of the vocabulary",
    ],
    [
      "a template that does not parse",
      { ...whole, "tokenizer_config.json": { ...config, chat_template: "{% if %}" } },
      "",
      /./,
    ],
    ["a model of no known kind", { ...whole, "tokenizer.json": { ...json, model: { type: "Magic" } } }, "", /./],
  ])("says which file and what is wrong: %s", async (__, files, name, problem) => {
    const folder = await folderOf(files);
    const result = await loadTokenizerTask(folder)();
    const { _tag, message, file } = (result as { left: { _tag: string; message: string; file: string } }).left;
    expect([_tag, file]).toEqual(["TokenizerError", name === "" ? folder : join(folder, name)]);
    expect(message.slice(0, file.length + 2)).toBe(`${file}: `);
    expect(message.slice(file.length + 2)).toMatch(problem);
  });
});
