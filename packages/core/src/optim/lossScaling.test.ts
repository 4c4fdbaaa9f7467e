import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { cast, grad, input, matmul, mixedPrecision, mul, reduceSum } from "../graph/index.js";
import { float16Bits } from "../narrow.js";
import { float32 } from "../tensor.js";
import { adamw, chain, clipByGlobalNorm, lossScaling, scaleLoss, sgd } from "./index.js";

const { evaluate } = testDevice();

/** torch.amp.GradScaler's rule, scale and tracker after each update. */
const naive = (finite: readonly boolean[], interval: number): readonly (readonly [number, number])[] => {
  let [scale, tracker] = [8, 0];
  return finite.map((good) => {
    if (!good) {
      scale *= 0.25;
      tracker = 0;
    } else if (++tracker === interval) {
      scale *= 2;
      tracker = 0;
    }
    return [scale, tracker] as const;
  });
};

const options = { initial: 8, growth: 2, backoff: 0.25 };
const inner = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 0.1, weightDecay: 0.1 }));
const start = { a: float64([2], [1, -2]), b: float64([], [0.5]) };

describe("lossScaling", () => {
  it("moves the scale as GradScaler does, and trains as the transform alone does on the finite gradients", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (good, interval) => {
          const wanted = naive(good, interval);
          const scales = [8, ...wanted.map(([scale]) => scale)];
          const gradient = (at: number, scale: number) => ({
            a: float64([2], [scale * (at + 1), -scale]),
            b: float64([], [scale * 0.5]),
          });
          const broken = { a: float64([2], [1, Number.NaN]), b: float64([], [1]) };
          const scaled = good.map((fine, at) => (fine ? gradient(at, scales[at]!) : broken));
          const steps = await train(evaluate, lossScaling(inner, { ...options, interval }), start, scaled);
          const state = steps.map((step) => [
            numbers(step.state["loss_scaling.scale"])[0],
            numbers(step.state["loss_scaling.good"])[0],
          ]);
          expect(state).toEqual(wanted);
          const plain = await train(
            evaluate,
            inner,
            start,
            good.flatMap((fine, at) => (fine ? [gradient(at, 1)] : [])),
          );
          expect(steps.at(-1)!.parameters).toEqual(plain.at(-1)?.parameters ?? start);
          expect(numbers(steps.at(-1)!.metrics.skipped_updates)).toEqual([good.filter((fine) => !fine).length]);
        },
      ),
      { numRuns: 12 },
    ));

  it("stays where growth and backoff are 1, and never grows to infinity", async () => {
    const fixed = lossScaling(sgd({ learningRate: 1 }), { initial: 4, growth: 1, backoff: 1, interval: 1 });
    const steps = await train(
      evaluate,
      fixed,
      { w: float32([], [0]) },
      [4, Infinity, 8].map((g) => ({ w: float32([], [g]) })),
    );
    expect(steps.map(({ state }) => numbers(state["loss_scaling.scale"])[0])).toEqual([4, 4, 4]);
    expect(steps.map(({ parameters }) => numbers(parameters.w)[0])).toEqual([-1, -1, -3]);
    const growing = lossScaling(sgd({ learningRate: 1 }), { initial: 2 ** 127, interval: 1 });
    const [step] = await train(evaluate, growing, { w: float32([], [0]) }, [{ w: float32([], [1]) }]);
    expect(numbers(step!.state["loss_scaling.scale"])).toEqual([2 ** 127]);
  });

  it("keeps gradients that float16 would lose", async () => {
    const [x, w] = [input("x", "float32", [1, 2]), input("w", "float32", [2, 1])];
    const scaled = scaleLoss(mul(reduceSum(matmul(x, w)), 1e-9), {
      "0.loss_scaling.scale": input("scale", "float32", []),
    });
    const [dw] = grad(mixedPrecision({ compute: "float16" })([scaled])[0]!, [w]);
    const fed = { x: float32([1, 2], [1, 2]), w: float32([2, 1], [1, 1]) };
    // The cast stands for what CUDA holds: the CPU's runtime leaves out casts to float16 and back.
    const held = async (scale: number) =>
      numbers((await evaluate({ bits: cast(dw!, "float16") }, { ...fed, scale: float32([], [scale]) })).bits);
    expect(await held(1)).toEqual([0, 0]);
    expect(await held(65536)).toEqual([1, 2].map((slope) => float16Bits(slope * 65536e-9)));
  });

  it("names what cannot be", () => {
    expect(() => lossScaling(inner, { initial: 0, growth: 0.5, backoff: 2, interval: 0.5 })).toThrow(
      /initial[\s\S]*growth[\s\S]*backoff[\s\S]*interval/,
    );
    const scale = input("scale", "float32", []);
    const two = { "0.loss_scaling.scale": scale, "1.loss_scaling.scale": scale };
    expect(() => scaleLoss(scale, two)).toThrow(TypeError);
  });
});
