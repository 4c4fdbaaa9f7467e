import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, media, type PreferenceSample, type Prompt, text } from "@msrl/core";
import type { ChatTokenizer } from "@msrl/core/models";
import { loadTokenizer } from "@msrl/core/transformers";
import { beforeAll, expect, test } from "vitest";
import { type Demo, goldDemo } from "./demos.js";
import { evaluationPool, textPool } from "./pools.js";
import { pretrainingPools } from "./pretraining.js";
import { loadSprites, type Sprites } from "./sprites.js";
import type { Mode } from "./templates.js";
import { backboneFolder, writeTokenizer } from "./tokenizer.js";
import { vocabulary } from "./vocabulary.js";

const readJson = async (name: string) => JSON.parse(await readFile(join(backboneFolder, name), "utf8"));

let sprites: Sprites;
let tokenizer: ChatTokenizer;
beforeAll(async () => {
  sprites = await loadSprites();
  tokenizer = await loadTokenizer(backboneFolder);
});

/** Tokens of a prompt without its last one, `|`, and with a token for each patch: how the world's lengths are counted. */
const promptLength = (prompt: Prompt): number => {
  const patches = prompt.messages[0]!.content.map((part) =>
    part.type === "text"
      ? 0
      : part.media.frames.reduce((sum, frame) => sum + (frame.width * frame.height) / 256, 0) - 1,
  );
  return tokenizer.encode(tokenizer.chat(prompt.messages)).length - 1 + patches.reduce((sum, more) => sum + more, 0);
};

const completionLength = (demo: Demo): number => tokenizer.encode(`${demo.completion} <eos>`).length;

test("the shipped files are those that writeTokenizer makes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  await writeTokenizer(folder);
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    expect(JSON.parse(await readFile(join(folder, name), "utf8"))).toEqual(await readJson(name));
  await rm(folder, { recursive: true });
});

test("one id a word, round trip; special tokens are not text", () => {
  expect(new Set(vocabulary).size).toBe(vocabulary.length);
  expect(tokenizer.vocabularySize).toBe(vocabulary.length);
  const words = "ask think answer : <think> see southwest grapes . </think> |";
  const ids = tokenizer.encode(words);
  expect(ids).toEqual(words.split(" ").map((word) => vocabulary.indexOf(word)));
  expect(tokenizer.decode(ids)).toBe(words);
  const special = tokenizer.encode("<bos> <img> <eos> <pad>");
  expect(special).toEqual(["<bos>", "<img>", "<eos>", "<pad>"].map((word) => vocabulary.indexOf(word)));
  expect([tokenizer.mediaId, tokenizer.endId, tokenizer.padId]).toEqual(special.slice(1));
  expect(tokenizer.decode([...special, ...ids, tokenizer.endId])).toBe(words);
  expect(tokenizer.encode("zebra")).toEqual([vocabulary.indexOf("<unk>")]);
});

test("the chat template: media are one token, the assistant speaks after the bar", () => {
  const ask = (kind: "image" | "video"): Message => ({
    role: "user",
    content: [text(`look ${kind}`), media({ kind, frames: [] })],
  });
  expect(tokenizer.chat([ask("image")])).toBe("<bos> look image <img> |");
  expect(tokenizer.chat([ask("video")])).toBe("<bos> look video <img> |");
  const said: Message = { role: "assistant", content: [text("first fox")] };
  expect(tokenizer.chat([ask("image"), said])).toBe("<bos> look image <img> | first fox <eos> |");
});

test("every word of every task is in the vocabulary", () => {
  const multimodal = evaluationPool({ sprites, split: "dev", count: 200 });
  const {
    texts: _,
    multimodal: __,
    ...plain
  } = pretrainingPools({
    sprites,
    sizes: { texts: 0, multimodal: 0, scenes: 20, cells: 200, storyDrills: 100, captionDrills: 100, recurrences: 100 },
  });
  const demos = [
    ...textPool({ sprites, count: 300 }).map(goldDemo("text")),
    ...multimodal.map(goldDemo("captioned")),
    ...multimodal.map(goldDemo("seen")),
    ...Object.values(plain).flat(),
  ];
  const used = new Set(
    demos.flatMap((demo) => tokenizer.encode(`${tokenizer.chat(demo.prompt.messages)} ${demo.completion} <eos>`)),
  );
  expect(used.has(vocabulary.indexOf("<unk>"))).toBe(false);
  expect(vocabulary.filter((_, id) => !used.has(id))).toEqual(["<pad>", "<unk>"]);
});

test("mean lengths are those the settings were found with, within one token", () => {
  const multimodal = evaluationPool({ sprites, split: "dev", count: 800 });
  const of = (task: string) => multimodal.filter((sample) => sample.task === task);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows: readonly (readonly [readonly PreferenceSample[], Mode, number, number])[] = [
    [textPool({ sprites, count: 400 }), "text", 21, 19],
    [of("image_understanding"), "captioned", 19, 22],
    [of("image_understanding"), "seen", 19, 29],
    [of("video_understanding"), "seen", 18, 30],
    [of("image_generation"), "seen", 23, 44],
    [of("video_generation"), "seen", 21, 46],
  ];
  for (const [samples, mode, prompt, completion] of rows) {
    const demos = samples.map(goldDemo(mode));
    expect(
      Math.abs(mean(demos.map((demo) => promptLength(demo.prompt))) - prompt),
      `${mode} prompt`,
    ).toBeLessThanOrEqual(1);
    expect(Math.abs(mean(demos.map(completionLength)) - completion), `${mode} completion`).toBeLessThanOrEqual(1);
  }
});
