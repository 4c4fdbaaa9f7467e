import { key } from "@msrl/core";
import { crossEntropy, grpo, labelTokens } from "@msrl/core/losses";
import { type DecoderPolicyOptions, decoderPolicy } from "@msrl/core/models";
import { adamw, chain, clipByGlobalNorm, lossScaling } from "@msrl/core/optim";
import type { Device } from "@msrl/core/session";
import { toPromise } from "../../packages/core/src/errors.js";
import { namedParameters } from "../../packages/core/src/models/decoder/parameters.js";
import { idTokenizer, mixedPrompts, tinyState, visionConfig } from "../../packages/core/test/tinyDecoder.js";
import { trainingBatch } from "../../packages/core/test/tinyTraining.js";

const config = visionConfig;
const optimizer = { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-2 })) };
const scaled = { transform: lossScaling(optimizer.transform, { initial: 1024 }) };
const batch = trainingBatch(mixedPrompts, 2);
const losses = [
  grpo({ beta: 0.1, reportEntropy: true }),
  crossEntropy({ reportEntropy: true }),
  labelTokens({ labels: [3, 4] }),
];
const lora = { rank: 2, dropout: 0.1, dropoutKey: key(3) };

/** A decoder policy's verbs on a device: rollouts, log-probs, updates of all weights and of an adapter; what they gave. */
export const flows = async (device: Device) => {
  const base = namedParameters(config, tinyState(config, 1).parameters);
  const given: Record<string, readonly number[]> = {};
  const variants: Readonly<Record<string, Partial<DecoderPolicyOptions>>> = {
    all: {},
    recomputed: { recompute: true },
    pieces: { tokensPerRun: 100 },
    lora: { lora },
    float16: { compute: "float16" },
    "float16 in pieces": { compute: "float16", tokensPerRun: 100 },
  };
  for (const [name, options] of Object.entries(variants)) {
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device, base, ...options });
    const state = await toPromise(policy.init(key(2)));
    if (name === "all" || name === "lora") {
      for (const temperature of [0, 1]) {
        const sampling = { samples: 2, maxTokens: 4, temperature };
        const filters = temperature === 0 ? {} : { topK: 5, topP: 0.9, minP: 0.01, repetitionPenalty: 1.1 };
        const rollouts = await toPromise(policy.sample(state, mixedPrompts, { ...sampling, ...filters }, key(4)));
        const completions = rollouts.flatMap((rollout) => rollout.completions);
        given[`${name}, tokens at ${temperature}`] = completions.flatMap(({ tokenIds }) => [...tokenIds]);
        given[`${name}, log-probs at ${temperature}`] = completions.flatMap(({ logProbs }) => [...logProbs]);
      }
      const sequences = batch.map(({ prompt, completions }) => ({
        prompt,
        completions: completions.map(({ tokenIds }) => tokenIds),
      }));
      const scored = await toPromise(policy.logProbs(state, sequences));
      given[`${name}, scored`] = scored.flatMap((rows) => rows.flatMap((row) => [...row]));
    }
    for (const loss of name === "all" ? losses : losses.slice(0, 1)) {
      const updated = await toPromise(policy.update(state, batch, loss, options.compute ? scaled : optimizer));
      for (const [group, values] of Object.entries(updated.state.parameters))
        given[`${name}, ${loss.name}, ${group}`] = [...values];
    }
  }
  return given;
};
