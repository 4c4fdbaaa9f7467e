import { describe, expect, it } from "vitest";
import { fullRecipes } from "../../test/fullRecipes.js";
import { lossInputs } from "../../test/lossInputs.js";
import { testDevice } from "../../test/testDevice.js";
import { offCuda } from "../graph/cudaOperators.js";
import { grad } from "../graph/grad.js";
import { type ClipRule, clipCov, clipDppo, clipDro, clipVespo, klCov } from "./clipRules/index.js";
import { grpo } from "./grpo.js";
import type { Loss } from "./loss.js";
import { policyLoss } from "./policyLoss.js";
import type { TokenArrays } from "./tokenArrays.js";
import { tokenGradient } from "./tokenGradient.js";

const { device } = testDevice();
const byToken = (clip: ClipRule): Loss => policyLoss({ name: "test", ratio: "token", clip, aggregation: "tokenMean" });

const arraysOf = (batch: number, time: number, value: (at: number) => number, counts = 1): TokenArrays => {
  const each = (of: (at: number) => number) => Array.from({ length: batch * time }, (_, at) => of(at));
  const log = each(value);
  return {
    batch,
    time,
    logProbs: log,
    oldLogProbs: each(() => -1),
    referenceLogProbs: each(() => -1),
    entropy: each(() => 1),
    advantages: each((at) => (at % 2 ? -1 : 1)),
    mask: each(() => counts),
  };
};

const plainRules = [
  clipCov({ share: 1 }),
  clipDppo(),
  clipDppo({ divergence: "kl" }),
  clipDro(),
  clipVespo(),
  klCov({ share: 0.5 }),
];
const hard: readonly Loss[] = [
  ...fullRecipes,
  ...plainRules.map(byToken),
  grpo({ topEntropyShare: 0.5, entropyBonus: 1 }),
];

it.each(hard)("$name: every operator has a kernel on CUDA", (made) => {
  const { loss, metrics } = made.build(lossInputs);
  const [gradient] = grad(loss, [lossInputs.logProbs]);
  expect(offCuda({ loss, gradient: gradient!, ...metrics })).toEqual([]);
});

describe.each(hard.map((made, at) => ({ name: `${made.name} ${at}`, made })))("hard inputs: $name", ({ made }) => {
  it("has a finite result for no rows, no tokens, none that counts, a single one", async () => {
    const gradientOf = await tokenGradient(made, await device());
    for (const [batch, time, counts] of [
      [0, 3, 1],
      [2, 0, 1],
      [2, 3, 0],
      [1, 1, 1],
    ] as const) {
      const { loss, gradient, metrics } = await gradientOf(
        arraysOf(batch, time, () => (counts ? -1.2 : Number.NaN), counts),
      );
      expect([loss, ...gradient, ...Object.values(metrics)].every(Number.isFinite)).toBe(true);
    }
  });

  it("has a finite loss for a token that has become impossible, or an infinite one where its gain is A log p", async () => {
    const gradientOf = await tokenGradient(made, await device());
    const { loss, gradient } = await gradientOf(arraysOf(1, 2, (at) => (at === 0 ? Number.NEGATIVE_INFINITY : -1)));
    expect(Number.isNaN(loss)).toBe(false);
    expect(gradient.every((slope) => !Number.isNaN(slope))).toBe(true);
  });
});
