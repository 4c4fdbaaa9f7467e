import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { crossEntropy } from "./crossEntropy.js";
import { grpo } from "./grpo.js";
import type { Loss } from "./loss.js";
import { lossMonoid } from "./lossMonoid.js";
import { sumLosses } from "./sumLosses.js";

const { evaluate } = testDevice();
const token = (logProb: number, advantage: number): Token => ({
  logProb,
  old: logProb - 0.1,
  reference: -1,
  advantage,
  counts: true,
});
const feeds = feedsOf([[token(-1, 2), token(-0.5, -1)]]);

/** All that can be seen of a loss. */
const seen = async ({ name, options, needs, build }: Loss) => {
  const { loss, metrics } = build(lossInputs);
  const values = await evaluate({ loss, ...metrics }, feeds);
  const rounded = Object.entries(values).map(([key, value]) => [key, numbers(value).map((x) => x.toFixed(10))]);
  return { name, options, needs, values: Object.fromEntries(rounded) };
};

const losses = [grpo(), crossEntropy({ reportEntropy: true }), grpo({ beta: 0.1 }), sumLosses([])];
const { concat, empty } = lossMonoid;

describe("lossMonoid", () => {
  it("is associative", async () => {
    for (const a of losses)
      for (const b of losses)
        for (const c of losses)
          expect(await seen(concat(a, concat(b, c)))).toEqual(await seen(concat(concat(a, b), c)));
  });

  it("has the zero loss as its unit", async () => {
    for (const a of losses) {
      expect(await seen(concat(empty, a))).toEqual(await seen(a));
      expect(await seen(concat(a, empty))).toEqual(await seen(a));
    }
    expect((await seen(empty)).values).toEqual({ loss: [(0).toFixed(10)] });
  });
});

describe("sumLosses", () => {
  it("adds weighted losses, in sums of sums too", async () => {
    const [a, b] = [grpo(), crossEntropy()];
    const value = async (loss: Loss) => Number((await seen(loss)).values.loss![0]);
    const inner = sumLosses([
      { loss: a, weight: 2 },
      { loss: b, weight: -1 },
    ]);
    const outer = sumLosses([
      { loss: inner, weight: 0.5 },
      { loss: b, weight: 1 },
    ]);
    expect(await value(outer)).toBeCloseTo((await value(a)) + 0.5 * (await value(b)), 9);
    expect(outer.terms.map(({ weight }) => weight)).toEqual([1, -0.5, 1]);
  });

  it("can be read: name, options, united needs, metrics by term where they meet", async () => {
    const loss = sumLosses([
      { loss: grpo({ beta: 0.1 }), weight: 1 },
      { loss: crossEntropy({ reportEntropy: true }), weight: 0.5 },
      { loss: grpo(), weight: 1 },
    ]);
    expect(loss.name).toBe("grpo + 0.5 cross_entropy + grpo_2");
    expect(loss.needs).toEqual(["logProbs", "entropy"]);
    expect(loss.options).toMatchObject({ "grpo.beta": 0.1, "cross_entropy.weight": 0.5, "grpo_2.beta": 0 });
    expect(Object.keys((await seen(loss)).values)).toEqual(
      expect.arrayContaining(["kl", "negative_log_likelihood", "grpo.ratio_mean", "grpo_2.ratio_mean", "grpo_2.loss"]),
    );
  });

  it("names a weight that cannot be", () => {
    expect(() => sumLosses([{ loss: grpo(), weight: Number.NaN }])).toThrow(/weight of loss 0 is NaN/);
  });
});
