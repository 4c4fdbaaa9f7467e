import type { ChatTokenizer } from "@msrl/core/models";
import { loadTokenizer } from "@msrl/core/transformers";
import { beforeAll, expect, test } from "vitest";
import { captionReplay } from "./stages.js";
import { captionOf, goldDemo, labelledPool, loadSprites } from "./world/index.js";
import { backboneFolder } from "./world/tokenizer.js";

let tokenizer: ChatTokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(backboneFolder);
});

test("a caption is replayed up to its end: no reasoning, no answer, no end of sequence", async () => {
  const samples = labelledPool({ sprites: await loadSprites(), count: 8 });
  const examples = samples.map(goldDemo("seen"));
  const tokenize = (text: string) => [...tokenizer.encode(text), tokenizer.endId];
  const replayed = captionReplay(examples, tokenize);
  expect(replayed.map(({ prompt }) => prompt)).toEqual(examples.map(({ prompt }) => prompt));
  replayed.forEach(({ completions }, at) => {
    const sample = samples[at]!;
    const wanted = `<type> ${sample.task} </type> <caption> ${captionOf(sample)} </caption>`;
    expect(completions).toEqual([{ text: wanted, tokenIds: tokenizer.encode(wanted) }]);
    expect(completions[0]!.tokenIds).not.toContain(tokenizer.endId);
    expect(tokenize(examples[at]!.completion).slice(0, completions[0]!.tokenIds.length)).toEqual(
      completions[0]!.tokenIds,
    );
  });
});
