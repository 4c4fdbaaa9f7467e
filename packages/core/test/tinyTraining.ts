import * as E from "fp-ts/Either";
import type { Prompt } from "../src/data/index.js";
import { toPromise } from "../src/errors.js";
import { add, div, mul, neg, reduceSum } from "../src/graph/index.js";
import { crossEntropy, grpo, type Loss } from "../src/losses/index.js";
import type { DecoderConfig, ParameterGroup } from "../src/models/decoder/config.js";
import { byGroup, namedParameters } from "../src/models/decoder/parameters.js";
import { graphStore } from "../src/models/kernels.js";
import type { EncodedGroup } from "../src/models/prompts/pack.js";
import type { DecoderState } from "../src/models/state.js";
import { accumulate, piecesOf } from "../src/models/training/accumulate.js";
import { countBatch } from "../src/models/training/trainingArrays.js";
import type { TrainingBatch } from "../src/policy/policy.js";
import { fold, key, normal } from "../src/rng.js";
import type { Device } from "../src/session/index.js";
import { completionOf, encoded } from "./tinyDecoder.js";

/** A loss that reads everything a decoder gives: weighted log-probs and entropy. */
const weighted: Loss = {
  name: "weighted",
  options: {},
  needs: ["logProbs", "entropy"],
  build: ({ logProbs, entropy, advantages, mask, tokens }) => ({
    loss: neg(div(reduceSum(mul(add(mul(logProbs, advantages), mul(entropy!, 0.3)), mask)), tokens)),
    metrics: {},
  }),
};
/** Losses that an update is tried with: clipped with a KL term, one sum a completion, one over all. */
export const losses: readonly Loss[] = [grpo({ beta: 0.1 }), crossEntropy({ aggregation: "sequenceMean" }), weighted];

/**
 * Completions to learn from, `samples` a prompt: of lengths 1 to 11, every third with a token that does not count,
 * every other with log-probs of an older policy.
 */
export const trainingBatch = (prompts: readonly Prompt[], samples: number): TrainingBatch =>
  prompts.map((prompt, group) => ({
    prompt,
    completions: Array.from({ length: samples }, (_, sample) => {
      const seed = group * samples + sample;
      const tokenIds = completionOf(seed, 1 + ((5 * seed) % 11));
      const noise = (name: string) => [...normal(fold(key(seed), name), tokenIds.length)];
      return {
        tokenIds,
        advantage: seed % 2 === 0 ? normal(fold(key(seed), "advantage"), 1)[0]! : noise("advantage"),
        ...(seed % 3 === 2 && { mask: tokenIds.map((__, at) => (at === 1 ? 0 : 1)) }),
        ...(seed % 2 === 1 && { oldLogProbs: noise("old").map((value) => -3 + 0.3 * value) }),
        referenceLogProbs: noise("reference").map((value) => -3 + 0.3 * value),
      };
    }),
  }));

/** A batch as the decoder reads it. */
export const encodedGroups = (config: DecoderConfig, batch: TrainingBatch): readonly EncodedGroup[] =>
  batch.map(({ prompt, completions }) => ({
    prompt: encoded(config, prompt),
    completions: completions.map(({ tokenIds }) => tokenIds),
  }));

/** Gradients of a batch by the parameters' names, and its metrics. */
export const gradientsOf = async (
  config: DecoderConfig,
  device: Device,
  state: DecoderState,
  batch: TrainingBatch,
  loss: Loss,
  tokensPerRun = 16_384,
) => {
  const context = { config, graphs: graphStore("test", device), tokensPerRun };
  const pieces = piecesOf(encodedGroups(config, batch), batch, tokensPerRun);
  const groups: readonly ParameterGroup[] = [...byGroup(config).keys()];
  const { gradients, metrics } = await toPromise(accumulate(context, state, pieces, loss, groups, countBatch(batch)));
  const flat = Object.fromEntries(groups.map((group) => [group, gradients[group]!.data as Float32Array]));
  const named = Object.entries(namedParameters(config, flat)).map(
    ([name, { data }]) => [name, data as Float32Array] as const,
  );
  return { gradients: Object.fromEntries(named), metrics, pieces: pieces.length };
};

/** The value of a result that is known to be one. */
export const right = <A>(result: E.Either<Error, A>): A => {
  if (E.isLeft(result)) throw result.left;
  return result.right;
};
