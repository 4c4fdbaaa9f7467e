import { fold, key, type Media, type PreferenceSample } from "@msrl/core";
import { expect, test } from "vitest";
import { goldDemo, randomVerdictDemo } from "./demos.js";

const story: PreferenceSample = {
  id: "t",
  task: "text",
  query: "story northeast monkey , southwest grapes , question what southwest",
  context: [],
  responses: ["bicycle", "grapes"],
  label: "B",
};

const side = (caption: string): Media => ({ kind: "image", frames: [], caption });

const generation: PreferenceSample = {
  id: "g",
  task: "image_generation",
  query: "order northeast fox southeast rose",
  context: [],
  responses: [side("A northeast ship A southeast rose"), side("B northeast fox B southeast rose")],
  label: "B",
};

test("gold completions repeat the right claim", () => {
  expect(goldDemo("text")(story).completion).toBe(
    "<think> see southwest grapes . bicycle A . grapes B . grapes B fits </think> <answer> B </answer>",
  );
  expect(goldDemo("seen")(generation).completion).toBe(
    "<type> image_generation </type> <caption> A northeast ship A southeast rose B northeast fox B southeast rose </caption> " +
      "<think> want northeast fox . A northeast ship A . B northeast fox B . fox B fits </think> <answer> B </answer>",
  );
});

test("a gold generation checks a fact on which the sides differ", () => {
  const second = {
    ...generation,
    responses: [side("A northeast fox A southeast rose"), side("B northeast fox B southeast ship")] as const,
    label: "A" as const,
  };
  expect(goldDemo("captioned")(second).completion).toContain(
    "want southeast rose . A southeast rose A . B southeast ship B . rose A fits",
  );
});

test("without a label there is no gold demonstration", () => {
  const { label: _, ...unlabelled } = story;
  expect(() => goldDemo("text")(unlabelled)).toThrow("sample t has no label");
});

test("random verdicts: either letter, any wanted fact, the answer agrees with the thought", () => {
  const many = (sample: PreferenceSample) =>
    Array.from({ length: 200 }, (_, at) => randomVerdictDemo("captioned", fold(key(1), at))(sample).completion);
  for (const sample of [story, generation]) {
    const completions = many(sample);
    const chosen = completions.map(
      (completion) => /(\w+) ([AB]) fits <\/think> <answer> \2 <\/answer>$/.exec(completion)!,
    );
    const share = chosen.filter((match) => match[2] === "A").length / 200;
    expect(share).toBeGreaterThan(0.38);
    expect(share).toBeLessThan(0.62);
  }
  const wanted = new Set(many(generation).map((completion) => /want (\w+ \w+)/.exec(completion)![1]));
  expect([...wanted].sort()).toEqual(["northeast fox", "southeast rose"]);
});
