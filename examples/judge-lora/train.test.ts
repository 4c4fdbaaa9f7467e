import { fileURLToPath } from "node:url";
import { key } from "@msrl/core";
import { decoderPolicy, fromHub } from "@msrl/core/models";
import { openDevice } from "@msrl/core/session";
import { loadTokenizer } from "@msrl/core/transformers";
import { describe, expect, it } from "vitest";
import { standardError } from "./judge.js";
import { readPreferences } from "./preferences.js";
import { bothOrders, splitPairs } from "./questions.js";
import { defaultSettings } from "./stages.js";
import { trainJudge } from "./train.js";

const near = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("the data", () => {
  it("is read whole, and split by question", async () => {
    const natural = await readPreferences(near("data/natural.json"));
    const neighbor = await readPreferences(near("data/adversarial-neighbor.json"));
    expect(
      [natural, neighbor].map((pairs) => [pairs.length, pairs.filter(({ label }) => label === "A").length]),
    ).toEqual([
      [100, 42],
      [134, 75],
    ]);
    const { train, heldOut } = splitPairs([...natural, ...neighbor], 80, key(1));
    expect(train.length + heldOut.length).toBe(234);
    expect(heldOut.length).toBeGreaterThanOrEqual(80);
    const learned = new Set(train.map(({ query }) => query));
    expect(heldOut.some(({ query }) => learned.has(query))).toBe(false);
  });

  it("names the file and the row that cannot be read", async () => {
    await expect(readPreferences(near("README.md"))).rejects.toMatchObject({ _tag: "BadPreferences" });
  });
});

it("the standard error of a mean is that of n equal trials", () => {
  expect(standardError([0, 1, 0, 1])).toBeCloseTo(Math.sqrt(1 / 3 / 4), 12);
  expect(standardError([1])).toBe(0);
});

it("a tiny model goes through both stages, its adapter moves, and its judgements are counted", async () => {
  const folder = near("../../test/fixtures/hf/smollm-tiny");
  const { config, weights } = await fromHub(folder);
  const device = await openDevice({ threads: 1 });
  const policy = decoderPolicy({
    config,
    base: weights,
    lora: { rank: 4, alpha: 8 },
    tokenizer: await loadTokenizer(folder),
    device,
    recompute: true,
  });
  const pairs = ["Say red.", "Say blue.", "Say one.", "Say two."].map((query, at) => ({
    id: `${at}`,
    query,
    responses: [query.slice(4), "no"] as const,
    label: "A" as const,
  }));
  const split = { train: pairs.slice(0, 2), heldOut: pairs.slice(2) };
  const settings = { ...defaultSettings, sftSteps: 2, rlSteps: 2, batchSize: 2, samples: 2 };
  const steps: string[] = [];
  const { state, judged } = await trainJudge({
    policy,
    split,
    settings,
    key: key(1),
    onStep: (stage, { step }) => steps.push(`${stage} ${step}`),
  });
  await device.close();
  expect(steps).toEqual(["format 1", "format 2", "judge 1", "judge 2"]);
  expect(state.updates).toBe(2);
  expect(state.parameters.adapter!.every(Number.isFinite)).toBe(true);
  expect(Object.keys(judged)).toEqual(["untrained", "format", "judge"]);
  for (const { accuracy, unreadable, pairs: count } of Object.values(judged)) {
    expect(count).toBe(2);
    expect(accuracy).toBeLessThanOrEqual(1 - unreadable + 1e-12);
  }
  expect(bothOrders(split.heldOut).map(({ reference }) => reference.label)).toEqual(["A", "B", "A", "B"]);
});
