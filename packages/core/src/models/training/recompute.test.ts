import { expect, it } from "vitest";
import { idTokenizer, mixedPrompts, tinyState, visionConfig } from "../../../test/tinyDecoder.js";
import { losses, trainingBatch } from "../../../test/tinyTraining.js";
import { toPromise } from "../../errors.js";
import { adamw, chain, clipByGlobalNorm } from "../../optim/index.js";
import { key } from "../../rng.js";
import { openDevice } from "../../session/index.js";
import { namedParameters } from "../decoder/parameters.js";
import { decoderPolicy } from "../decoderPolicy.js";

const batch = trainingBatch(mixedPrompts, 5);
const optimizer = { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-2 })) };

it("a recomputed update gives the bits of one that keeps everything, of all weights and of an adapter", async () => {
  const device = await openDevice({ threads: 1, thread: "main" });
  const config = visionConfig;
  const base = namedParameters(config, tinyState(config, 1).parameters);
  for (const lora of [undefined, { rank: 2, dropout: 0.1, dropoutKey: key(3) }])
    for (const tokensPerRun of [16_384, 100]) {
      const updated = [];
      for (const recompute of [false, true]) {
        const options = { config, tokenizer: idTokenizer, device, base, tokensPerRun, recompute };
        const policy = decoderPolicy({ ...options, ...(lora && { lora }) });
        updated.push(
          await toPromise(policy.update(await toPromise(policy.init(key(2))), batch, losses[0]!, optimizer)),
        );
      }
      expect(updated[1]).toEqual(updated[0]);
    }
  await device.close();
});
