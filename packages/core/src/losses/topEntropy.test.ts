import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { input } from "../graph/ops/op.js";
import { cast } from "../graph/ops/select.js";
import { grpo } from "./grpo.js";
import { topEntropy } from "./topEntropy.js";

const { evaluate } = testDevice();
const [entropy, mask] = ["entropy", "mask"].map((name) => input(name, "float64", ["batch", "time"]));

const keep = async (
  share: number,
  values: readonly number[],
  counts: readonly number[],
): Promise<readonly number[]> => {
  const kept = cast(topEntropy(share)(entropy!, mask!), "float64");
  const shape = [1, values.length];
  return numbers((await evaluate({ kept }, { entropy: float64(shape, values), mask: float64(shape, counts) })).kept);
};

const naive = (share: number, values: readonly number[], counts: readonly number[]): readonly number[] => {
  const sorted = values.filter((_, at) => counts[at] === 1).sort((a, b) => a - b);
  const at = (1 - share) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  const bound = low + (at - Math.floor(at)) * (high - low);
  return values.map((value, i) => (counts[i] === 1 && value >= bound ? 1 : 0));
};

describe("topEntropy", () => {
  it("equals the naive loop, whatever stands where no token counts", async () => {
    const tokens = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 1 })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(tokens, fc.constantFrom(0, 0.2, 0.25, 0.5, 1), async (given, share) => {
        const counts = given.map(([, counted]) => counted);
        const values = (by: number) => given.map(([value, counted]) => (counted ? value / 64 : by));
        const wanted = naive(share, values(0), counts);
        for (const by of [0, 1e30]) expect(await keep(share, values(by), counts)).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });

  it("keeps the fifth of most entropy, all where the share is 1, none where none counts", async () => {
    const values = Array.from({ length: 10 }, (_, at) => at);
    const all = values.map(() => 1);
    expect(await keep(0.2, values, all)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(await keep(1, values, all)).toEqual(all);
    expect(await keep(0, values, all)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await keep(0.5, [2], [0])).toEqual([0]);
    expect(await keep(0.5, [2], [1])).toEqual([1]);
    expect(await keep(0.5, [], [])).toEqual([]);
  });

  it("lets only the tokens kept teach, and the KL term act on all", async () => {
    const token = (reference: number): Token => ({ logProb: -1, old: -1, reference, advantage: 1, counts: true });
    const rows = [[token(-0.5), token(-1.5), token(-2), token(-0.1)]];
    const value = async (options: Parameters<typeof grpo>[0]) => {
      const { loss, metrics } = grpo({ aggregation: "tokenMean", ...options }).build(lossInputs);
      return numbers((await evaluate({ loss, ...metrics }, feedsOf(rows))).loss)[0]!;
    };
    const plain = await value({ topEntropyShare: 0.5 });
    expect(plain).toBeCloseTo(-0.5, 12);
    const kl = (await value({ beta: 0.1 })) - (await value({}));
    expect(await value({ beta: 0.1, topEntropyShare: 0.5 })).toBeCloseTo(plain + kl, 12);
    const bonus = await value({ entropyBonus: 0.1, topEntropyShare: 0.5 });
    expect(bonus).toBeCloseTo(plain - 0.1 * ((1.5 + 2) / 2), 12);
  });

  it("needs the entropy", () => {
    expect(grpo({ topEntropyShare: 0.2 }).needs).toEqual(["logProbs", "entropy"]);
    expect(() => grpo({ topEntropyShare: 1.5 })).toThrow(/topEntropyShare is 1.5/);
  });
});
