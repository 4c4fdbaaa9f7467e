import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../../test/lossInputs.js";
import { numbers, testDevice } from "../../../test/testDevice.js";
import { grad } from "../../graph/grad.js";
import type { Loss } from "../loss.js";
import * as recipes from "./index.js";

const { evaluate, gradientError } = testDevice();
const { bnpo, cispo, dapo, drGrpo, gmpo, gspo, luspo, ppo, reinforce, sapo, stableReinforce, vespo } = recipes;

const token = (logRatio: number, advantage: number, counts = true): Token => ({
  logProb: -0.1,
  old: -0.1 - logRatio,
  reference: -0.3,
  advantage,
  counts,
});

const run = async (made: Loss, rows: readonly (readonly Token[])[]) => {
  const { loss } = made.build(lossInputs);
  const result = await evaluate({ loss, gradient: grad(loss, [lossInputs.logProbs])[0]! }, feedsOf(rows));
  return { loss: numbers(result.loss)[0]!, gradient: numbers(result.gradient) };
};

const losses: readonly Loss[] = [
  drGrpo({ maxTokens: 8 }),
  ...[bnpo, cispo, dapo, gmpo, gspo, luspo, ppo, reinforce, sapo, stableReinforce, vespo].map((make) =>
    make({ beta: 0.04 }),
  ),
];

describe("recipes", () => {
  it.each(losses)("$name: on tokens of the policy itself, a plain policy gradient", async (made) => {
    const rows = [
      [token(0, 1), token(0, 1), token(0, 1)],
      [token(0, -2), token(0, -2), token(0, -2, false)],
    ];
    const { gradient } = await run(made, rows);
    const plain = gradient.map((slope, at) => (rows.flat()[at]!.counts ? Math.sign(slope) : slope));
    expect(plain.map((slope) => slope + 0)).toEqual([-1, -1, -1, 1, 1, 0]);
  });

  it.each(losses.filter(({ name }) => name !== "cispo" && name !== "vespo"))(
    "$name: central differences",
    async (made) => {
      const rows = [
        [token(0.5, 1), token(-0.57, 1), token(0.11, 1)],
        [token(-0.5, -1), token(0.13, -1), token(0.05, -1, false)],
      ];
      expect(await gradientError(made.build(lossInputs).loss, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-7);
    },
  );

  it("stableReinforce gives the losses of the paper's toy, and no gradient beyond its bound", async () => {
    const toy = [
      [-10, -1],
      [-0.2, -1],
      [-0.2, 0.5],
      [-5, -0.5],
    ].map(([old, advantage]) => token(-0.1 - old!, advantage!));
    const each = await Promise.all(toy.map((one) => run(stableReinforce(), [[one]])));
    const wide = await run(stableReinforce({ preClip: 60 }), [[toy[0]!]]);
    const wanted = [1000, Math.exp(0.1), -0.5 * Math.exp(0.1), 0.5 * Math.exp(4.9)];
    wanted.forEach((value, at) => {
      expect(each[at]!.loss).toBeCloseTo(value, 8);
    });
    expect(wide.loss).toBeCloseTo(19930.4, 1);
    expect(each.map(({ gradient }) => gradient[0] !== 0)).toEqual([false, true, true, true]);
  });

  it("luspo weighs the sequences of gspo by their length", async () => {
    const epsilons = { epsilonLow: 0.2, epsilonHigh: 0.2 };
    const row = [token(0.1, 1), token(0.05, 1), token(-0.2, 1), token(3, 1, false)];
    const [long, plain] = [await run(luspo(epsilons), [row]), await run(gspo(epsilons), [row])];
    expect(long.loss).toBeCloseTo(3 * plain.loss, 12);
  });

  it("tells its choices, and names what cannot be", () => {
    expect(losses.map(({ options }) => [options.ratio, options.clip, options.aggregation].join(" "))).toEqual([
      "token ppo constant",
      "token ppo tokenMean",
      "token cispo tokenMean",
      "token ppo tokenMean",
      "geometricMean geometric sequenceMean",
      "sequence ppo sequenceMean",
      "sequence ppo sequenceSum",
      "token ppo tokenMean",
      "token score_function sequenceSum",
      "token sapo sequenceMean",
      "token ppo sequenceMean",
      "token vespo tokenMean",
    ]);
    expect(() => ppo({ epsilonLow: 2, dualClip: 1 })).toThrow(/ppo: epsilonLow is 2.*\n.*dualClip is 1/);
    expect(() => drGrpo({} as { maxTokens: number })).toThrow(/drGrpo: maxTokens/);
    expect(() => cispo({ minRatio: 6 })).toThrow(/minRatio/);
    expect(() => stableReinforce({ preClip: 0 })).toThrow(/preClip/);
  });
});
