import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import pairsOfPlugin from "../../test/officialPairs.json" with { type: "json" };
import { accuracy } from "./accuracy.js";
import { format } from "./format.js";
import { official } from "./official.js";
import { taskType } from "./taskType.js";

/**
 * What the official MSRL plugin gives (gold A, tags think and answer), what this package gives, and why they differ.
 * The strict reading is the one that cannot be gamed: a value is paid for the asked form only.
 */
const pairs = [
  { text: "<answer>B</answer><think>x</think>", plugin: [0, 1], ours: [0, 0], why: "order counts" },
  { text: "A", plugin: [1, 0], ours: [0, 0], why: "a letter without <answer> is no verdict" },
  { text: "<ANSWER>A</ANSWER>", plugin: [1, 0], ours: [0, 0], why: "tags are case-sensitive" },
  {
    text: "<think>x</think><answer>A</answer><answer>B</answer>",
    plugin: [1, 1],
    ours: [0, 0],
    why: "two answers are none",
  },
  { text: "<answer>A", plugin: [0, 0], ours: [0, 0], why: "the same" },
  { text: "Response A", plugin: [0, 0], ours: [0, 0], why: "the same" },
  { text: "<think>x</think><answer>A</answer>", plugin: [1, 1], ours: [1, 1], why: "the same" },
] as const;

describe("beside the official plugin", () => {
  it.each(pairs)("$text: [accuracy, format] is $ours where it gives $plugin: $why", async ({ text, ours, plugin }) => {
    const [right] = await values(accuracy(), [text], { label: "A" });
    const [formed] = await values(format({ tags: ["think", "answer"] }), [text], undefined);
    expect([right, formed]).toEqual(ours);
    const [officially] = await values(official.accuracy, [text], { label: "A" });
    const [loosely] = await values(official.format, [text], {});
    expect([officially, loosely]).toEqual(plugin);
  });

  it("does not apply without a gold label, where the plugin matches NONE or silently gives 0", async () => {
    expect(await values(accuracy(), ["NONE", "<answer>NONE</answer>"], {})).toEqual([null, null]);
  });

  it("gives the task reward as 1 inside <type> only, where the plugin gives 0.2 and also reads a bare name", async () => {
    const texts = ["image generation", "<type>Image-Generation</type>"];
    expect(await values(taskType(), texts, { task: "image_generation" })).toEqual([0, 1]);
  });

  it("has the values of the plugin itself for texts made of tags, near tags, white space and odd letters", async () => {
    for (const [text, label, task, ...given] of pairsOfPlugin as [string, string, string, number, number, number][]) {
      const reference = { label, task };
      const all = [official.accuracy, official.format, official.task];
      const ours = await Promise.all(all.map((reward) => values(reward, [text], reference)));
      expect([text, label, task, ...ours.flat()]).toEqual([text, label, task, ...given]);
    }
  });
});
