import { describe, expect, it } from "vitest";
import { toPromise } from "../src/errors.js";
import { crossEntropy, grpo } from "../src/losses/index.js";
import { decoderPolicy } from "../src/models/index.js";
import { adamw, chain, clipByGlobalNorm } from "../src/optim/index.js";
import type { Device } from "../src/session/index.js";
import { testDevice } from "./testDevice.js";
import { threeRunPolicy } from "./threeRunPolicy.js";
import { visionConfig as config, distance, idTokenizer, mixedPrompts, tinyState } from "./tinyDecoder.js";
import { trainingBatch } from "./tinyTraining.js";

const { device } = testDevice();

describe("a policy whose loss runs elsewhere", () => {
  it.each([
    { loss: grpo({ beta: 0.1 }) },
    { loss: crossEntropy() },
    { loss: grpo({ aggregation: "tokenMean" }), trains: ["projector", "language"] },
  ])("ends at the weights of the local one after three updates: $loss.name, $trains", async ({ loss, trains }) => {
    const transform = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 3e-3, weightDecay: 0.01 }));
    const optimizer = { transform, ...(trains && { trains }) };
    const options = { config, tokenizer: idTokenizer, device: await device() };
    const runs = [decoderPolicy(options), threeRunPolicy(options)].map(async (policy) => {
      let state = tinyState(config, 1);
      const metrics: number[] = [];
      for (let step = 0; step < 3; step++) {
        const updated = await toPromise(policy.update(state, trainingBatch(mixedPrompts, 3), loss, optimizer));
        state = updated.state;
        const { entropy: _, ...rest } = updated.metrics;
        metrics.push(
          ...Object.keys(rest)
            .sort()
            .map((name) => rest[name]!),
        );
      }
      return { state, metrics };
    });
    const [local, remote] = await Promise.all(runs);
    // The same sums in another order, in float32; Adam divides by the gradient's size, so that steps are of size 3e-3.
    expect(distance(remote!.metrics, local!.metrics)).toBeLessThan(1e-5);
    for (const [group, values] of Object.entries(local!.state.parameters))
      expect(distance(remote!.state.parameters[group]!, values), group).toBeLessThan(1e-5);
    const moved = distance(local!.state.parameters.language!, tinyState(config, 1).parameters.language!);
    expect(moved).toBeGreaterThan(5e-3);
  });

  it("refuses a loss that needs what it does not give, before anything runs", async () => {
    let asked = 0;
    const opened = await device();
    const counting: Device = {
      ...opened,
      compile: (...given) => {
        asked++;
        return opened.compile(...given);
      },
    };
    const policy = threeRunPolicy({ config, tokenizer: idTokenizer, device: counting });
    const loss = grpo({ reportEntropy: true });
    const optimizer = { transform: adamw({ learningRate: 1 }) };
    const refused = await policy.update(tinyState(config, 1), trainingBatch(mixedPrompts, 1), loss, optimizer)();
    expect(refused).toMatchObject({ left: { _tag: "NeedNotMet", loss: "grpo", needs: ["entropy"] } });
    expect(asked).toBe(0);
  });
});
