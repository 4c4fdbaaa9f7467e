import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { input } from "../graph/ops/op.js";
import { decayShapes, type Schedule, warmupStableDecay } from "./index.js";

const { evaluate } = testDevice();
const steps = Array.from({ length: 15 }, (_, at) => at);
const rates = async (schedule: Schedule) =>
  numbers((await evaluate({ y: schedule.at(input("n", "float64", [15])) }, { n: float64([15], steps) })).y);
const settings = { learningRate: 2, warmupSteps: 3, decaySteps: 4, totalSteps: 12, finalFraction: 0.1 };

/** The part of the way from the final fraction to the top, step by step. */
const naive = (shape: (typeof decayShapes)[number], t: number): number => {
  if (t < 3) return t / 3;
  if (t < 8) return 1;
  if (t >= 12) return 0;
  const x = (t - 8) / 4;
  return { linear: 1 - x, cosine: (1 + Math.cos(Math.PI * x)) / 2, oneMinusSqrt: 1 - Math.sqrt(x) }[shape];
};

describe("warmupStableDecay", () => {
  it.each(decayShapes)("%s: equals the naive formula", async (shape) => {
    const values = await rates(warmupStableDecay({ ...settings, shape }));
    for (const t of steps) expect(values[t]).toBeCloseTo(2 * (0.1 + 0.9 * naive(shape, t)), 12);
  });

  it("may have no warm-up, no stay and no decay", async () => {
    expect((await rates(warmupStableDecay({ learningRate: 1, decaySteps: 0, totalSteps: 2 }))).slice(0, 4)).toEqual([
      1, 1, 0, 0,
    ]);
    expect((await rates(warmupStableDecay({ learningRate: 1, decaySteps: 4, totalSteps: 4 }))).slice(0, 5)).toEqual([
      1, 0.75, 0.5, 0.25, 0,
    ]);
  });

  it("reads back, has the type of its count, and names options that cannot be", () => {
    const schedule = warmupStableDecay({ ...settings, shape: "oneMinusSqrt" });
    expect([schedule.name, schedule.options]).toEqual(["wsd_one_minus_sqrt", settings]);
    expect(schedule.at(input("n", "float32", [])).dtype).toBe("float32");
    expect(() => warmupStableDecay({ ...settings, decaySteps: 10 })).toThrow(
      /warmupStableDecay: decaySteps is 10, wanted at most totalSteps less warmupSteps, 9/,
    );
    expect(() => warmupStableDecay({ ...settings, shape: "step" as "linear" })).toThrow(
      /shape is "step", wanted linear \| cosine \| oneMinusSqrt/,
    );
  });
});
