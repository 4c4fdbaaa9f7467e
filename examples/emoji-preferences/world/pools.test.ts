import type { PreferenceSample, Prompt } from "@msrl/core";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { isHeldOut } from "./holdout.js";
import { objects } from "./objects.js";
import { evaluationPool, labelledPool, poolSizes, textPool, unlabelledPool } from "./pools.js";
import { pretrainingPools } from "./pretraining.js";
import { readFacts } from "./slots.js";
import { loadSprites, type Sprites } from "./sprites.js";

let sprites: Sprites;
beforeAll(async () => {
  sprites = await loadSprites();
});

const names = new Set(objects.map(({ name }) => name));

/** All words a sample says anywhere. */
const wordsOf = (sample: PreferenceSample): readonly string[] =>
  [sample.query, ...[...sample.context, ...sample.responses].map((x) => (typeof x === "string" ? x : x.caption!))]
    .join(" ")
    .split(" ");

const holdsPair = (words: readonly string[]): boolean => {
  const mentioned = [...new Set(words.filter((word) => names.has(word)))];
  return mentioned.some((a) => mentioned.some((b) => isHeldOut(a, b)));
};

/** The right answer, found by looking: independent of how samples are made. */
const naiveLabel = (sample: PreferenceSample): string => {
  const obeys = (caption: string) => readFacts(sample.query).every((f) => caption.includes(`${f.slot} ${f.object}`));
  if (sample.task.endsWith("generation")) {
    const right = sample.responses.map((side) => typeof side !== "string" && obeys(side.caption!));
    return right[0] === right[1] ? "both or none" : right[0] ? "A" : "B";
  }
  const slot = sample.query.split(" ").at(-1)!;
  const told = sample.task === "text" ? sample.query : sample.context[0]!.caption!;
  const right = sample.responses.map((claim) => told.includes(`${slot} ${claim}`));
  return right[0] === right[1] ? "both or none" : right[0] ? "A" : "B";
};

/** What a sample says, whichever side is A. */
const saidBy = (sample: PreferenceSample): string => {
  const caption = (x: PreferenceSample["responses"][0]) =>
    typeof x === "string" ? x : x.caption!.replace(/\b[AB] /g, "");
  return [sample.task, sample.query, ...sample.context.map(caption), ...sample.responses.map(caption).sort()].join(
    " | ",
  );
};

test("train holds no held-out pair, dev and test do in a story or a picture; gold labels are right; any seed", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const train = [textPool, labelledPool].flatMap((pool) => pool({ sprites, seed, count: 12 }));
      const unseen = (["dev", "test"] as const).flatMap((split) =>
        (["text", "multimodal"] as const).flatMap((kind) => evaluationPool({ sprites, seed, split, kind, count: 12 })),
      );
      for (const sample of train) expect(holdsPair(wordsOf(sample))).toBe(false);
      for (const sample of unseen) {
        const seen = [
          sample.query,
          ...[...sample.context, ...sample.responses].flatMap((x) => (typeof x === "string" ? [] : [x.caption!])),
        ];
        expect(seen.some((words) => holdsPair(words.split(" ")))).toBe(true);
      }
      for (const sample of [...train, ...unseen]) expect(naiveLabel(sample)).toBe(sample.label);
    }),
    { numRuns: 25 },
  );
});

test("the backbone's data holds no held-out pair either", () => {
  const drills = { storyDrills: 200, captionDrills: 200, recurrences: 200 };
  const sizes = { texts: 200, multimodal: 80, scenes: 80, cells: 20, ...drills };
  const { texts, multimodal, scenes, cells, ...drilled } = pretrainingPools({ sprites, seed: 1, sizes });
  const words = ({ prompt, completion }: { prompt: Prompt; completion: string }): string => {
    const part = prompt.messages[0]!.content[0]!;
    return `${part.type === "text" ? part.text : ""} ${completion}`;
  };
  for (const sample of [...texts, ...multimodal]) expect(holdsPair(wordsOf(sample))).toBe(false);
  for (const { completion } of [...scenes, ...cells]) expect(holdsPair(completion.split(" "))).toBe(false);
  for (const demo of Object.values(drilled).flat()) expect(holdsPair(words(demo).split(" "))).toBe(false);
  for (const demo of [...drilled.storyDrills, ...drilled.captionDrills]) {
    const told = words(demo)
      .slice(0, -demo.completion.length - 1)
      .replace(/^read : \w+ /, "");
    const facts = (all: string) => readFacts(all).map(({ slot, object }) => `${slot} ${object}`);
    expect(demo.completion).not.toBe(told);
    expect([...facts(demo.completion)].sort()).toEqual([...facts(told)].sort());
  }
});

test("a recurrence drill ends with the fact's object and its letter", () => {
  const sizes = { texts: 0, multimodal: 0, scenes: 0, cells: 0, storyDrills: 0, captionDrills: 0, recurrences: 200 };
  for (const { prompt, completion } of pretrainingPools({ sprites, seed: 2, sizes }).recurrences) {
    const part = prompt.messages[0]!.content[0]!;
    const [lettered, fact] = (part.type === "text" ? part.text : "").replace("read : ", "").split(" , ");
    const [object, letter] = completion.split(" ").slice(-2);
    expect(fact!.split(" ").at(-1)).toBe(object);
    const [a, b] = lettered!.slice(2).split(" B ");
    expect((letter === "A" ? a : b)!.split(" ").at(-1)).toBe(object);
    expect(a!.split(" ").at(-1)).not.toBe(b!.split(" ").at(-1));
  }
});

test("letters are fair coins, wrong claims are of the scene in 65 % of the cases", () => {
  const samples = textPool({ sprites, count: 4000 });
  expect(samples.filter(({ label }) => label === "A").length / 4000).toBeCloseTo(0.5, 1);
  const confused = samples.filter((s) => s.responses.every((claim) => s.query.includes(` ${claim} ,`)));
  expect(confused.length / 4000).toBeGreaterThan(0.62);
  expect(confused.length / 4000).toBeLessThan(0.68);
});

test("pools are disjoint, and dev from test", () => {
  const pretraining = pretrainingPools({
    sprites,
    sizes: { scenes: 0, cells: 0, storyDrills: 0, captionDrills: 0, recurrences: 0 },
  });
  const shelved = [
    [unlabelledPool({ sprites }), labelledPool({ sprites }), pretraining.multimodal],
    [textPool({ sprites }), pretraining.texts],
    [evaluationPool({ sprites, split: "dev" }), evaluationPool({ sprites, split: "test" })],
  ];
  for (const pools of shelved) {
    const said = pools.map((pool) => new Set(pool.map(saidBy)));
    said.forEach((one, at) => {
      for (const other of said.slice(at + 1)) expect([...one].filter((sample) => other.has(sample))).toEqual([]);
    });
  }
});

test("default sizes, tasks in turn, labels removed where nobody gave one, ids unique", () => {
  const pools = { text: textPool, unlabelled: unlabelledPool, labelled: labelledPool };
  for (const [name, pool] of Object.entries(pools)) {
    const samples = pool({ sprites });
    expect(samples).toHaveLength(poolSizes[name as keyof typeof pools]);
    expect(new Set(samples.map(({ id }) => id)).size).toBe(samples.length);
    expect(samples.some((sample) => "label" in sample)).toBe(name !== "unlabelled");
  }
  const tasks = labelledPool({ sprites, count: 4 }).map(({ task }) => task);
  expect(tasks).toEqual(["image_understanding", "image_generation", "video_understanding", "video_generation"]);
});

test("same seed, same samples, whatever the count; another seed, others", () => {
  expect(labelledPool({ sprites, seed: 5, count: 8 })).toEqual(
    labelledPool({ sprites, seed: 5, count: 20 }).slice(0, 8),
  );
  expect(labelledPool({ sprites, seed: 5, count: 8 })).not.toEqual(labelledPool({ sprites, seed: 6, count: 8 }));
});

test("a negative count is refused by name", () => {
  expect(() => labelledPool({ sprites, count: -1 })).toThrow("labelled multimodal is -1, wanted a whole number");
});
