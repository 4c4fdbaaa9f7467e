import { key } from "@msrl/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplayItem } from "../checkpoint/index.js";
import { goodSamples, keepNewest, replayGroups } from "./replay.js";
import type { ScoredRollout } from "./score.js";

const item = (id: string, ...texts: readonly string[]): ReplayItem => ({
  prompt: { id, messages: [] },
  completions: texts.map((text, at) => ({ text, tokenIds: [at] })),
});

const idOf = ({ prompt }: { readonly prompt: { readonly id: string } }): string => prompt.id;

describe("replayGroups", () => {
  const from = Array.from({ length: 40 }, (_, at) => item(`q${at}`, "a", "b", "c"));
  const at = { step: 0, fresh: 10, samples: 2, key: key(1) };

  it("keeps the share over the steps, whatever the batch", () => {
    const fresh = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fresh, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 60 }), (count, newPerOld, steps) => {
        const sizes = Array.from(
          { length: steps },
          (_, step) => replayGroups({ from, newPerOld, weight: 1 }, { ...at, fresh: count, step }).length,
        );
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(Math.abs(total - (steps * count) / newPerOld)).toBeLessThanOrEqual(0.5);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("draws without repetition, by its key, and gives the weight to at most `samples` completions", () => {
    const options = { from, newPerOld: 1, weight: 0.25 };
    const groups = replayGroups(options, at);
    expect(new Set(groups.map(idOf)).size).toBe(10);
    expect(groups).toEqual(replayGroups(options, at));
    expect(groups).not.toEqual(replayGroups(options, { ...at, key: key(2) }));
    for (const { completions } of groups)
      expect(completions).toEqual([0, 1].map((token) => ({ tokenIds: [token], advantage: 0.25 })));
  });

  it("gives what there is where that is less", () => {
    expect(replayGroups({ from: from.slice(0, 3), newPerOld: 1, weight: 1 }, at)).toHaveLength(3);
    expect(replayGroups({ from: [], newPerOld: 1, weight: 1 }, at)).toEqual([]);
  });
});

describe("keepNewest", () => {
  const items = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.string()).map(([id, text]) => item(`q${id}`, text)),
    { maxLength: 30 },
  );
  const limit = fc.nat({ max: 12 });

  it("holds the newest item of each prompt, the newest prompts last, within the limit", () => {
    fc.assert(
      fc.property(items, items, limit, (held, added, most) => {
        const all = [...held, ...added];
        const newest = all.filter((each, at) => all.findLastIndex((other) => idOf(other) === idOf(each)) === at);
        expect(keepNewest(held, added, most)).toEqual(most === 0 ? [] : newest.slice(-most));
      }),
    );
  });

  it("gives the same in two goes as in one", () => {
    fc.assert(
      fc.property(items, items, items, limit, (held, some, more, most) => {
        expect(keepNewest(keepNewest(held, some, most), more, most)).toEqual(
          keepNewest(held, [...some, ...more], most),
        );
      }),
    );
  });
});

it("keeps the completions whose reward reaches the threshold; null never does", () => {
  const rollout = (id: string, values: readonly (number | null)[]): ScoredRollout => ({
    prompt: { id, messages: [] },
    completions: values.map((value, at) => ({ text: `${value}`, tokenIds: [at], logProbs: [-1], truncated: false })),
    scores: values.map((value) => ({ value, parts: {} })),
  });
  const good = goodSamples([rollout("q0", [1.2, 1, null, 0.9]), rollout("q1", [0, null])], 1);
  expect(good).toEqual([
    {
      prompt: { id: "q0", messages: [] },
      completions: [
        { text: "1.2", tokenIds: [0] },
        { text: "1", tokenIds: [1] },
      ],
    },
  ]);
});
