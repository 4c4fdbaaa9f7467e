import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import type { Tagged } from "../errors.js";
import { add } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { combineMetrics } from "./combineMetrics.js";
import { crossEntropy } from "./crossEntropy.js";
import { grpo } from "./grpo.js";
import type { Loss } from "./loss.js";
import type { TokenArrays } from "./tokenArrays.js";
import { tokenGradient, tokenGradientTask } from "./tokenGradient.js";

const { device } = testDevice();
const arrays: TokenArrays = {
  batch: 2,
  time: 3,
  logProbs: [-1, -2, -0.5, -1.5, -0.1, Number.NaN],
  oldLogProbs: [-1.1, -1.5, -0.5, -2.5, -0.2, Number.NaN],
  advantages: [1, -0.5],
  mask: [1, 1, 1, 1, 1, 0],
};

/** GRPO's gradient token by token: the slope of the ratio, where nothing is clipped. */
const naive = ({ batch, time, logProbs, oldLogProbs, advantages, mask }: TokenArrays): number[] => {
  const gradient = Array<number>(batch * time).fill(0);
  for (let row = 0; row < batch; row++) {
    const counts = Array.from({ length: time }, (_, t) => row * time + t).filter((at) => mask![at] === 1);
    for (const at of counts) {
      const [ratio, advantage] = [Math.exp(logProbs[at]! - oldLogProbs![at]!), advantages[row]!];
      const stopped = advantage > 0 ? ratio > 1.28 : ratio < 0.8;
      gradient[at] = stopped ? 0 : (-advantage * ratio) / counts.length / batch;
    }
  }
  return gradient;
};

describe("tokenGradient", () => {
  it("gives loss, gradient and metrics over plain arrays", async () => {
    const { loss, gradient, metrics } = await (await tokenGradient(grpo(), await device()))(arrays);
    naive(arrays).forEach((slope, at) => {
      expect(gradient[at]).toBeCloseTo(slope, 6);
    });
    expect(Number.isFinite(loss)).toBe(true);
    expect(Object.keys(metrics).sort()).toEqual([
      "approx_kl",
      "clip_fraction_high",
      "clip_fraction_low",
      "ratio_effective_sample_size",
      "ratio_max",
      "ratio_mean",
      "ratio_min",
      "ratio_square_mean",
    ]);
    expect(metrics.ratio_max).toBeCloseTo(Math.exp(1), 5);
    expect(metrics.ratio_min).toBeCloseTo(Math.exp(-0.5), 5);
  });

  it("adds up over micro-batches that know what the whole update counts", async () => {
    const gradientOf = await tokenGradient(grpo(), await device());
    const whole = await gradientOf(arrays);
    const part = (row: number): TokenArrays => {
      const cut = (values: ArrayLike<number>) => Array.from(values).slice(3 * row, 3 * row + 3);
      const { logProbs, oldLogProbs, mask, advantages } = arrays;
      const fields = { logProbs: cut(logProbs), oldLogProbs: cut(oldLogProbs!), mask: cut(mask!) };
      return { batch: 1, time: 3, advantages: [advantages[row]!], tokens: 5, sequences: 2, ...fields };
    };
    const parts = [await gradientOf(part(0)), await gradientOf(part(1))];
    expect(parts[0]!.loss + parts[1]!.loss).toBeCloseTo(whole.loss, 6);
    expect(parts.flatMap(({ gradient }) => [...gradient])).toEqual([...whole.gradient]);
    const sums = combineMetrics(parts[0]!.metrics, parts[1]!.metrics);
    expect(Object.keys(sums).sort()).toEqual(Object.keys(whole.metrics).sort());
    for (const [name, value] of Object.entries(whole.metrics)) expect(sums[name]).toBeCloseTo(value, 6);
  });

  it("takes the policy itself for the old one, every token as counting, advantages by token", async () => {
    const gradientOf = await tokenGradient(crossEntropy(), await device());
    const { loss, gradient } = await gradientOf({ batch: 1, time: 2, logProbs: [-1, -3], advantages: [1, 0.5] });
    expect([loss, [...gradient]]).toEqual([1.25, [-0.5, -0.25]]);
  });

  it("gives the gradient of the entropy too, where the loss needs it", async () => {
    const bonus: Loss = {
      name: "entropy_bonus",
      options: {},
      needs: ["logProbs", "entropy"],
      build: ({ logProbs, entropy }) => ({ loss: reduceSum(add(logProbs, entropy!)), metrics: {} }),
    };
    const gradientOf = await tokenGradient(bonus, await device());
    const { entropyGradient } = await gradientOf({ batch: 1, time: 1, logProbs: [-1], advantages: [1], entropy: [2] });
    expect(entropyGradient && [...entropyGradient]).toEqual([1]);
  });

  it("has a result for no rows, rows of no tokens and rows where none counts", async () => {
    const gradientOf = await tokenGradient(grpo(), await device());
    for (const [batch, time] of [
      [0, 3],
      [2, 0],
      [1, 1],
    ] as const) {
      const values = Array<number>(batch * time).fill(Number.NaN);
      const { loss, gradient } = await gradientOf({
        batch,
        time,
        logProbs: values,
        advantages: values,
        mask: values.map(() => 0),
      });
      expect([loss + 0, [...gradient].map((slope) => slope + 0)]).toEqual([0, values.map(() => 0)]);
    }
  });

  it("names every array that does not fit", async () => {
    const gradientOf = E.getOrElseW(() => expect.fail("does not compile"))(
      await tokenGradientTask(grpo({ beta: 0.1 }), await device())(),
    );
    const result = await gradientOf({ batch: 2, time: 2, logProbs: [1], advantages: [1, 2, 3], tokens: -1 })();
    const { _tag, message } = (result as E.Left<Tagged<string>>).left;
    expect(_tag).toBe("BadArrays");
    expect(message.split("\n")).toEqual([
      "tokenGradient: logProbs: 1 numbers given, 4 numbers [2, 2] wanted",
      "tokenGradient: referenceLogProbs: nothing given, 4 numbers [2, 2] wanted",
      "tokenGradient: advantages: 3 numbers given, 4 numbers [2, 2], or 2 wanted",
      "tokenGradient: tokens: -1 given, a finite number of at least 0 wanted",
    ]);
  });

  it("refuses a loss that needs more than log-probs, and one that does not fit together", async () => {
    const needy: Loss = { ...grpo(), name: "needy", needs: ["logProbs", "logits"] };
    await expect(tokenGradient(needy, await device())).rejects.toMatchObject({ _tag: "NeedNotMet", needs: ["logits"] });
    const broken: Loss = {
      ...grpo(),
      build: ({ logProbs }) => ({ loss: reduceSum(add(logProbs, input("x", "int32", []))), metrics: {} }),
    };
    await expect(tokenGradient(broken, await device())).rejects.toMatchObject({ _tag: "GraphError" });
  });
});
