import type { Media, PreferenceSample, Prompt } from "@msrl/core";
import { expect, test } from "vitest";
import { type Mode, render } from "./templates.js";

const picture = (caption: string): Media => ({ kind: "image", frames: [], caption });

const understanding: PreferenceSample = {
  id: "u",
  task: "image_understanding",
  query: "question what northeast",
  context: [picture("northeast lemon southwest banana southeast owl")],
  responses: ["banana", "lemon"],
  label: "B",
};

const generation: PreferenceSample = {
  id: "g",
  task: "image_generation",
  query: "order northeast fox southeast rose",
  context: [],
  responses: [picture("A northeast ship A southeast rose"), picture("B northeast fox B southeast rose")],
};

const words = (prompt: Prompt) =>
  prompt.messages[0]!.content.map((part) => (part.type === "text" ? part.text : "<media>")).join(" ");

test.each<[Mode, PreferenceSample, string]>([
  [
    "captioned",
    understanding,
    "ask type think answer : image northeast lemon southwest banana southeast owl question what northeast A banana B lemon",
  ],
  ["seen", understanding, "ask type caption think answer : image <media> question what northeast A banana B lemon"],
  ["seen", generation, "ask type caption think answer : order northeast fox southeast rose image A <media> B <media>"],
  [
    "captioned",
    generation,
    "ask type think answer : order northeast fox southeast rose image A northeast ship A southeast rose B northeast fox B southeast rose",
  ],
])("%s prompts read as meant", (mode, sample, expected) => {
  expect(words(render(mode)(sample))).toBe(expected);
});

test("a missing caption is named", () => {
  const bare: PreferenceSample = { ...understanding, context: [{ kind: "image", frames: [] }] };
  expect(() => render("captioned")(bare)).toThrow("sample u: no caption for image");
  expect(words(render("seen")(bare))).toContain("image <media> question");
});
