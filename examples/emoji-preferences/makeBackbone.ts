import { fold, key, toPromise } from "@msrl/core";
import { type DecoderState, decoderPolicy } from "@msrl/core/models";
import type { Saved } from "@msrl/core/policy";
import type { Device } from "@msrl/core/session";
import { loadTokenizer } from "@msrl/core/transformers";
import { runStage, type StepMetrics } from "@msrl/stages";
import { backboneFolder } from "./backbone.js";
import { modelConfig } from "./model.js";
import { pretrainStage } from "./pretrain.js";
import { loadSprites, pretrainingPools } from "./world/index.js";

/** Pretrains a base model from a seed: same seed, same bits on the same kind of processor. */
export const makeBackbone = async (
  device: Device,
  seed: number,
  onStep: (step: StepMetrics) => void,
  steps?: number,
): Promise<{ readonly saved: Saved; readonly config: ReturnType<typeof modelConfig> }> => {
  const tokenizer = await loadTokenizer(backboneFolder);
  const config = modelConfig(tokenizer);
  const policy = decoderPolicy({ config, tokenizer, device, name: "pretraining" });
  const from = key(seed);
  const data = pretrainingPools({ sprites: await loadSprites(), seed });
  const state = await toPromise(policy.init(fold(from, "weights")));
  const result = await runStage(pretrainStage<DecoderState>(data, from, steps), { policy, state, key: from, onStep });
  return { saved: await toPromise(policy.save(result.state)), config };
};
