import { describe, expect, it } from "vitest";
import { values } from "../test/completions.js";
import { accuracy } from "./verifiable/accuracy.js";
import { format } from "./verifiable/format.js";
import { taskType } from "./verifiable/taskType.js";

/**
 * What the official MSRL plugin gives (gold A, tags think and answer), what this package gives, and why they differ.
 * The strict reading is the one that cannot be gamed: a value is paid for the asked form only.
 */
const pairs = [
  { text: "<answer>B</answer><think>x</think>", official: [0, 1], ours: [0, 0], why: "order counts" },
  { text: "A", official: [1, 0], ours: [0, 0], why: "a letter without <answer> is no verdict" },
  { text: "<ANSWER>A</ANSWER>", official: [1, 0], ours: [0, 0], why: "tags are case-sensitive" },
  {
    text: "<think>x</think><answer>A</answer><answer>B</answer>",
    official: [1, 1],
    ours: [0, 0],
    why: "two answers are none",
  },
  { text: "<answer>A", official: [0, 0], ours: [0, 0], why: "the same" },
  { text: "Response A", official: [0, 0], ours: [0, 0], why: "the same" },
  { text: "<think>x</think><answer>A</answer>", official: [1, 1], ours: [1, 1], why: "the same" },
] as const;

describe("beside the official plugin", () => {
  it.each(pairs)("$text: [accuracy, format] is $ours where it gives $official: $why", async ({ text, ours }) => {
    const [right] = await values(accuracy(), [text], { label: "A" });
    const [formed] = await values(format({ tags: ["think", "answer"] }), [text], undefined);
    expect([right, formed]).toEqual(ours);
  });

  it("does not apply without a gold label, where the plugin matches NONE or silently gives 0", async () => {
    expect(await values(accuracy(), ["NONE", "<answer>NONE</answer>"], {})).toEqual([null, null]);
  });

  it("gives the task reward as 1 inside <type> only, where the plugin gives 0.2 and also reads a bare name", async () => {
    const texts = ["image generation", "<type>Image-Generation</type>"];
    expect(await values(taskType(), texts, { task: "image_generation" })).toEqual([0, 1]);
  });
});
