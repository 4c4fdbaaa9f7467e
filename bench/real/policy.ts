import { key, toPromise } from "@msrl/core";
import { type ChatTokenizer, type DecoderPolicy, type DecoderState, decoderPolicy, fromHub } from "@msrl/core/models";
import type { Device } from "@msrl/core/session";
import { numberTokenizer } from "../subjects.js";

/** The adapter on both sides. */
const lora = { rank: 16, alpha: 32, targets: "all-linear" } as const;

/** Texts are token ids in decimal, so that sizes are exact, and no token ends a completion. */
const idTokenizer = (vocabularySize: number): ChatTokenizer => {
  const { mediaId: _, ...tokenizer } = numberTokenizer(vocabularySize);
  return tokenizer;
};

/** A LoRA policy on a model folder, and its first state. */
export const realPolicy = async (
  folder: string,
  device: Device,
  options: { readonly recompute: boolean },
): Promise<{ readonly policy: DecoderPolicy; readonly state: DecoderState }> => {
  const { config, weights } = await fromHub(folder);
  const tokenizer = idTokenizer(config.vocabularySize);
  const policy = decoderPolicy({ config, base: weights, lora, tokenizer, device, ...options });
  return { policy, state: await toPromise(policy.init(key(1))) };
};
