import { describe, expect, it } from "vitest";
import { offCuda } from "../graph/index.js";
import { crossEntropy, grpo } from "../losses/index.js";
import { adamw, chain, clipByGlobalNorm, cosine, lossScaling } from "../optim/index.js";
import { sizeOf } from "../tensor.js";
import type { DecoderConfig } from "./decoder/config.js";
import { byGroup } from "./decoder/parameters.js";
import { rolloutGraph } from "./sampling/rollout.js";
import { updateGraph } from "./training/update.js";

const config: DecoderConfig = {
  vocabularySize: 32,
  hiddenSize: 16,
  intermediateSize: 32,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headSize: 8,
  ropeTheta: 1000,
  normEpsilon: 1e-6,
  contextLength: 64,
  vision: { patchSize: 4, hiddenSize: 16, intermediateSize: 16, layers: 1, imagePositions: 4, videoPositions: 2 },
};
const shape = { samples: 4, prefix: 8, steps: 8, patches: 8 };

const optimizer = {
  transform: chain(
    clipByGlobalNorm({ maxNorm: 1 }),
    adamw({ learningRate: cosine({ learningRate: 1, totalSteps: 9 }) }),
  ),
};

const optimizerState = () => {
  const types = [...byGroup(config)].map(([group, parameters]) => {
    const size = parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
    return [group, { dtype: "float32" as const, shape: [size] }] as const;
  });
  return optimizer.transform.init(Object.fromEntries(types));
};

describe("the decoder's graphs on a CUDA session", () => {
  it.each([true, false])("rollout, greedy %s: no node runs on the CPU", (greedy) => {
    const draw = { greedy, endId: 0, padId: 1 };
    expect(offCuda(rolloutGraph(config, { ...shape, steps: 1 }, draw))).toEqual([]);
  });

  it.each([
    ["grpo", grpo({ beta: 0.1, reportEntropy: true })],
    ["cross-entropy", crossEntropy({ reportEntropy: true })],
  ])("update with %s: no node runs on the CPU", (_, loss) => {
    expect(offCuda(updateGraph(config, shape, loss, optimizer, optimizerState()))).toEqual([]);
  });

  it.each(["float16", "bfloat16"] as const)("update in %s: no node runs on the CPU", (compute) => {
    const scaled = { transform: lossScaling(optimizer.transform) };
    const state = { ...optimizerState(), ...scaled.transform.init({}) };
    const held = Object.fromEntries(
      Object.entries(state).map(([name, value]) => [
        name.startsWith("loss_scaling.") ? name : `loss_scaling.inner.${name}`,
        value,
      ]),
    );
    expect(offCuda(updateGraph({ ...config, compute }, shape, grpo(), scaled, held))).toEqual([]);
  });
});
