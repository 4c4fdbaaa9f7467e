import { describe, expect, it } from "vitest";
import { naiveDistributions } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import { encoded, idTokenizer, naiveWeights, textConfig, tinyState, wordPrompts } from "../../../test/tinyDecoder.js";
import { toPromise } from "../../errors.js";
import { crossEntropy, labelTokens } from "../../losses/index.js";
import { sgd } from "../../optim/index.js";
import { decoderPolicy } from "../decoderPolicy.js";

const { device } = testDevice();

/** A small vocabulary, whose logits are made at once, and one that is worked on in chunks. */
describe.each([textConfig.vocabularySize, 4200])("losses that need hidden states, vocabulary %i", (vocabularySize) => {
  const config = { ...textConfig, vocabularySize };
  const state = tinyState(config, 4);
  const [first, second] = [
    [3, 9, 4],
    [5, 6, 7, 11],
  ];
  const batch = [wordPrompts[0]!, wordPrompts[1]!].map((prompt, at) => ({
    prompt,
    completions: [{ tokenIds: [first, second][at]!, advantage: 1 }],
  }));
  const rows = batch.flatMap(({ prompt, completions: [one] }) =>
    naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), one!.tokenIds).map((logP, at) => ({
      logP,
      id: one!.tokenIds[at]!,
    })),
  );

  const lossOf = async (loss: Parameters<ReturnType<typeof decoderPolicy>["update"]>[2]): Promise<number> => {
    const tokenizer = { ...idTokenizer, vocabularySize };
    const policy = decoderPolicy({ config, tokenizer, device: await device() });
    const { metrics } = await toPromise(policy.update(state, batch, loss, { transform: sgd({ learningRate: 0.1 }) }));
    expect(metrics.gradient_norm).toSatisfy(Number.isFinite);
    return metrics.loss!;
  };

  it("smoothed cross-entropy is that of a naive decoder", async () => {
    const costs = rows.map(({ logP, id }) => {
      const mean = logP.reduce((sum, each) => sum + each, 0) / logP.length;
      return -(0.9 * logP[id]! + 0.1 * mean);
    });
    const wanted = costs.reduce((sum, each) => sum + each, 0) / costs.length;
    expect(await lossOf(crossEntropy({ labelSmoothing: 0.1 }))).toBeCloseTo(wanted, 4);
  });

  it("the loss of label tokens is that of a naive decoder", async () => {
    const labels = [9, 11, 1];
    const found = [rows[1]!, rows[6]!];
    const costs = found.map(({ logP, id }) => {
      const total = Math.log(labels.reduce((sum, label) => sum + Math.exp(logP[label]!), 0));
      return total - logP[id]!;
    });
    expect(await lossOf(labelTokens({ labels, labelSmoothing: 0 }))).toBeCloseTo((costs[0]! + costs[1]!) / 2, 4);
  });
});
