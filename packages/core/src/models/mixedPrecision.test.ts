import { afterAll, expect, it } from "vitest";
import { mixedPrompts, tinyState, visionConfig } from "../../test/tinyDecoder.js";
import { gradientsOf, losses, trainingBatch } from "../../test/tinyTraining.js";
import { mixedPrecision } from "../graph/index.js";
import type { Loss } from "../losses/index.js";
import { openDevice } from "../session/index.js";

const device = await openDevice({ threads: 1, thread: "main" });
afterAll(() => device.close());

/** A loss of which everything before it is computed in float16 as well. */
const inFloat16 = (loss: Loss): Loss => ({
  ...loss,
  build: (inputs) => {
    const { loss: value, metrics } = loss.build(inputs);
    return { loss: mixedPrecision({ compute: "float16" })([value])[0]!, metrics };
  },
});

it.each(losses.map((loss) => [loss.name, loss] as const))(
  "a decoder's gradient by %s in float16 is that of float32",
  async (_, loss) => {
    const batch = trainingBatch(mixedPrompts, 3);
    const state = tinyState(visionConfig, 1);
    const wanted = await gradientsOf(visionConfig, device, state, batch, loss);
    const given = await gradientsOf(visionConfig, device, state, batch, inFloat16(loss));
    const [a, b] = [wanted, given].map(({ gradients }) => Object.values(gradients).flatMap((values) => [...values]));
    const error = Math.hypot(...a!.map((x, at) => x - b![at]!)) / Math.hypot(...a!);
    expect(b!.every(Number.isFinite)).toBe(true);
    expect(error).toBeLessThan(1e-2); // 2^-11 a rounding, tens of them in a row
    expect(error).toBeGreaterThan(1e-6);
  },
);
