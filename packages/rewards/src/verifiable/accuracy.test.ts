import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { accuracy } from "./accuracy.js";

const texts = ["<answer>A</answer>", "<answer>b</answer>", "A"];

describe("accuracy", () => {
  it("is 1 for the gold letter, else 0", async () => {
    expect(await values(accuracy(), texts, { label: "A" })).toEqual([1, 0, 0]);
    expect(await values(accuracy(), texts, { label: "B" })).toEqual([0, 1, 0]);
  });

  it("gives the values it is told to give", async () => {
    const reward = accuracy({ right: 2, wrong: -1, unreadable: -2 });
    expect(await values(reward, texts, { label: "A" })).toEqual([2, -1, -2]);
  });

  it("does not apply without a label, and never to both letters alike", async () => {
    expect(await values(accuracy(), texts, {})).toEqual([null, null, null]);
  });

  it("reads verdicts as it is told", async () => {
    const reward = accuracy({ read: (text) => (text.endsWith("A") ? "A" : null) });
    expect(await values(reward, texts, { label: "A" })).toEqual([0, 0, 1]);
  });
});
