import { describe, expect, it } from "vitest";
import { type NaiveWeights, naiveDistributions } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import { visionConfig as config, encoded, mixedPrompts, naiveWeights, tinyState } from "../../../test/tinyDecoder.js";
import { gradientsOf, losses, trainingBatch } from "../../../test/tinyTraining.js";
import { countBatch } from "./trainingArrays.js";

const { device } = testDevice();

const state = tinyState(config, 1);
const batch = trainingBatch(mixedPrompts, 3);

/** Float32 sums of some hundred terms in another order: gradients of size 1 keep six digits. */
const tolerance = 1e-5;

/** Log-probs before anything moves: what the ratio of a completion without older ones is taken to. */
const atStart = new Map(
  batch.flatMap(({ prompt, completions }) =>
    completions.map((completion) => {
      const { tokenIds } = completion;
      const rows = naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), tokenIds);
      return [completion, tokenIds.map((id, at) => rows[at]![id]!)] as const;
    }),
  ),
);

/** The losses by plain loops. */
const naiveLoss = (name: string, weights: NaiveWeights): number => {
  const counts = countBatch(batch);
  let total = 0;
  for (const { prompt, completions } of batch)
    for (const completion of completions) {
      const { tokenIds, advantage, mask, oldLogProbs = atStart.get(completion)!, referenceLogProbs } = completion;
      const rows = naiveDistributions(config, weights, encoded(config, prompt), tokenIds);
      const terms = tokenIds.map((id, at) => {
        const [logP, A] = [rows[at]![id]!, typeof advantage === "number" ? advantage : advantage[at]!];
        const entropy = -rows[at]!.reduce((sum, each) => sum + Math.exp(each) * each, 0);
        if (name === "weighted") return -(logP * A + 0.3 * entropy);
        if (name === "cross_entropy") return -logP * A;
        const ratio = Math.exp(logP - oldLogProbs[at]!);
        const logRatio = referenceLogProbs![at]! - logP;
        const gain = Math.min(ratio * A, Math.min(Math.max(ratio, 0.8), 1.28) * A);
        return -gain + 0.1 * (Math.exp(logRatio) - 1 - logRatio);
      });
      const length = tokenIds.length - (mask?.filter((each) => each === 0).length ?? 0);
      const sum = terms.reduce((all, term, at) => all + term * (mask?.[at] ?? 1), 0);
      total += name === "weighted" ? sum / counts.tokens : sum / Math.max(1, length) / counts.sequences;
    }
  return total;
};

describe("gradients of an update", () => {
  it.each(losses)("equal central differences of the naive decoder's loss, for every parameter: $name", async (loss) => {
    const { gradients, metrics } = await gradientsOf(config, await device(), state, batch, loss);
    const weights = naiveWeights(config, state);
    expect(Math.abs(metrics.loss! - naiveLoss(loss.name, weights))).toBeLessThan(tolerance);
    // Differences in float64 are right to 1e-8 at this step; what is left is the rounding of the float32 graph.
    const step = 1e-4;
    for (const [name, gradient] of Object.entries(gradients)) {
      const at = gradient.reduce((best, value, each) => (Math.abs(value) > Math.abs(gradient[best]!) ? each : best), 0);
      const moved = (by: number): number => {
        const values = Float64Array.from(weights[name]!);
        values[at]! += by;
        return naiveLoss(loss.name, { ...weights, [name]: values });
      };
      const difference = (moved(step) - moved(-step)) / (2 * step);
      expect(Math.abs(difference), name).toBeGreaterThan(1e-3);
      expect(Math.abs(gradient[at]! - difference), name).toBeLessThan(tolerance);
    }
  });
});
