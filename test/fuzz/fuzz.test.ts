import { expect, it } from "vitest";
import { fuzzRewards } from "./rewards.js";

it("ten thousand hostile completions have values in every reward", async () => {
  const { problems } = await fuzzRewards({ count: 10_000, seed: 1, patience: 30_000 });
  expect(problems).toEqual([]);
}, 120_000);
