import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { input } from "../graph/ops/op.js";
import { constant, cosine, linear, type Schedule } from "./index.js";

const { evaluate } = testDevice();

const rates = async (schedule: Schedule, counts: readonly number[]) =>
  numbers(
    (await evaluate({ y: schedule.at(input("n", "float64", ["n"])) }, { n: float64([counts.length], counts) })).y,
  );

const steps = Array.from({ length: 15 }, (_, at) => at);
const settings = { learningRate: 2, warmupSteps: 3, totalSteps: 12, finalFraction: 0.1 };

/** What a schedule gives after its warm-up, as a part of the rate. */
const naive = {
  constant: () => 1,
  linear: (t: number) => 0.1 + 0.9 * Math.max(0, (12 - t) / 9),
  cosine: (t: number) => 0.1 + (0.9 * (1 + Math.cos((Math.PI * (t - 3)) / 9))) / 2,
};

describe.each([constant({ learningRate: 2, warmupSteps: 3 }), linear(settings), cosine(settings)])(
  "schedule $name",
  (schedule) => {
    it("rises to the learning rate, then equals the naive formula", async () => {
      const values = await rates(schedule, steps);
      steps.forEach((t) => {
        const wanted = t < 3 ? t / 3 : naive[schedule.name as keyof typeof naive](t);
        expect(values[t]).toBeCloseTo(2 * wanted, 12);
      });
    });

    it("has the type of its count", () => {
      expect(schedule.at(input("n", "float32", [])).dtype).toBe("float32");
    });
  },
);

describe("schedules", () => {
  it("begin at the top without a warm-up and end at the final fraction", async () => {
    for (const make of [linear, cosine])
      expect(await rates(make({ learningRate: 1, totalSteps: 8, finalFraction: 0.25 }), [0, 8])).toEqual([1, 0.25]);
  });

  it("read back their options", () => {
    expect(linear(settings).options).toEqual(settings);
    expect(cosine(settings).options).toEqual({ ...settings, cycles: 0.5 });
  });

  it("name every option that cannot be", () => {
    expect(() => linear({ learningRate: 1, totalSteps: 2, warmupSteps: 3 })).toThrow(
      /linear: warmupSteps is 3, wanted at most totalSteps, 2/,
    );
    expect(() => cosine({ learningRate: 1, totalSteps: 0, finalFraction: 2 })).toThrow(
      /cosine: totalSteps is 0, wanted .*\ncosine: finalFraction is 2/,
    );
    expect(() => constant({ learningRate: -1 })).toThrow(/constant: learningRate is -1/);
  });
});
