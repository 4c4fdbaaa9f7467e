import { type Tensors, tensor } from "../../tensor.js";
import { masked } from "../decoder/attention.js";
import type { DecoderConfig } from "../decoder/config.js";
import type { BatchShape } from "../decoder/forward.js";
import type { EncodedPrompt } from "./encode.js";

/** A prompt and its completions as token ids. */
export interface EncodedGroup {
  readonly prompt: EncodedPrompt;
  readonly completions: readonly (readonly number[])[];
}

/** Sizes are rounded up to multiples of this, so that few graphs serve all batches. */
const bucket = 8;

const roundUp = (size: number): number => Math.max(bucket, Math.ceil(size / bucket) * bucket);

const longest = (sizes: readonly number[]): number => sizes.reduce((a, b) => Math.max(a, b), 0);

/** The smallest shape in buckets that holds all groups; `samples` may ask for more completions than are given. */
export const shapeFor = (groups: readonly EncodedGroup[], samples = 1): BatchShape => {
  const patches = longest(groups.map(({ prompt }) => prompt.patches.values.length));
  return {
    samples: Math.max(samples, longest(groups.map(({ completions }) => completions.length))),
    prefix: roundUp(longest(groups.map(({ prompt }) => prompt.ids.length - 1))),
    steps: roundUp(longest(groups.flatMap(({ completions }) => completions.map((ids) => ids.length)))),
    patches: patches === 0 ? 0 : roundUp(patches),
  };
};

/** Position of a token, held inside the table of positions where it is padding. */
const positionIn = (config: DecoderConfig, at: number): number => Math.min(at, config.contextLength - 1);

/** The prompts of a batch: ids, which token is which patch (-1: none), mask, positions; [P, prefix] each. */
const packPrefixes = (config: DecoderConfig, { prefix }: BatchShape, groups: readonly EncodedGroup[]): Tensors => {
  const size = groups.length * prefix;
  const [ids, patches] = [new Int32Array(size), new Int32Array(size).fill(-1)];
  const mask = new Float32Array(size).fill(masked);
  groups.forEach(({ prompt }, row) => {
    prompt.ids.slice(0, -1).forEach((id, at) => {
      const to = row * prefix + at;
      if (id < config.vocabularySize) ids[to] = id;
      else patches[to] = id - config.vocabularySize;
      mask[to] = 0;
    });
  });
  const positions = Int32Array.from({ length: size }, (_, at) => positionIn(config, at % prefix));
  return {
    prefix_ids: tensor("int32", [groups.length, prefix], ids),
    prefix_patches: tensor("int32", [groups.length, prefix, 1], patches),
    prefix_mask: tensor("float32", [groups.length, 1, 1, prefix], mask),
    prefix_positions: tensor("int32", [groups.length, prefix], positions),
  };
};

/** The completions of a batch: what each step reads, where it stands, what it is to predict; [P, G * steps] each. */
const packSteps = (config: DecoderConfig, { samples, steps }: BatchShape, groups: readonly EncodedGroup[]): Tensors => {
  const shape = [groups.length, samples * steps];
  const [ids, positions, targets] = [0, 0, 0].map(() => new Int32Array(groups.length * samples * steps));
  groups.forEach(({ prompt, completions }, row) => {
    for (let at = 0; at < samples * steps; at++) {
      const completion = completions[Math.floor(at / steps)] ?? [];
      const step = at % steps;
      const to = row * samples * steps + at;
      ids![to] = step === 0 ? prompt.ids.at(-1)! : (completion[step - 1] ?? 0);
      positions![to] = positionIn(config, prompt.ids.length - 1 + step);
      targets![to] = completion[step] ?? 0;
    }
  });
  return {
    step_ids: tensor("int32", shape, ids!),
    step_positions: tensor("int32", shape, positions!),
    targets: tensor("int32", shape, targets!),
  };
};

/** The patches of each prompt, [P, patches, values], and their places. */
const packPatches = (config: DecoderConfig, { patches }: BatchShape, groups: readonly EncodedGroup[]): Tensors => {
  if (patches === 0 || !config.vision) return {};
  const size = 3 * config.vision.patchSize ** 2;
  const values = new Float32Array(groups.length * patches * size);
  const places = new Int32Array(groups.length * patches);
  groups.forEach(({ prompt }, row) => {
    prompt.patches.values.forEach((patch, at) => {
      values.set(patch, (row * patches + at) * size);
      places[row * patches + at] = prompt.patches.places[at]!;
    });
  });
  return {
    patches: tensor("float32", [groups.length, patches, size], values),
    places: tensor("int32", [groups.length, patches], places),
  };
};

/**
 * A batch as the graphs of `forward.ts` and `rollout.ts` read it.
 *
 * Prompts are padded at the right and end one token early: the last prompt token is the first step of each of its
 * completions.
 */
export const packBatch = (config: DecoderConfig, shape: BatchShape, groups: readonly EncodedGroup[]): Tensors => ({
  ...packPrefixes(config, shape, groups),
  ...packSteps(config, shape, groups),
  ...packPatches(config, shape, groups),
});
