import { type Tensors, tensor } from "../tensor.js";
import { masked } from "./attention.js";
import type { DecoderConfig } from "./config.js";
import type { EncodedPrompt } from "./encode.js";
import type { BatchShape } from "./forward.js";

/** A prompt and its completions as token ids. */
export interface EncodedGroup {
  readonly prompt: EncodedPrompt;
  readonly completions: readonly (readonly number[])[];
}

/** Sizes are rounded up to multiples of this, so that few graphs serve all batches. */
const bucket = 8;

const roundUp = (size: number, to = bucket): number => Math.max(to, Math.ceil(size / to) * to);

const longest = (sizes: readonly number[]): number => sizes.reduce((a, b) => Math.max(a, b), 0);

/** The smallest shape in buckets that holds all groups; `prompts` and `samples` may ask for more rows than are given. */
export const shapeFor = (
  groups: readonly EncodedGroup[],
  { prompts = groups.length, samples = 1 }: { readonly prompts?: number; readonly samples?: number } = {},
): BatchShape => {
  const patches = groups.reduce((sum, { prompt }) => sum + prompt.patches.values.length, 0);
  return {
    prompts,
    samples: Math.max(samples, longest(groups.map(({ completions }) => completions.length))),
    prefix: roundUp(longest(groups.map(({ prompt }) => prompt.ids.length - 1))),
    steps: roundUp(longest(groups.flatMap(({ completions }) => completions.map((ids) => ids.length)))),
    patches: patches === 0 ? 0 : roundUp(patches, 2 * bucket),
  };
};

/** Position of a token, held inside the table of positions where it is padding. */
const positionIn = (config: DecoderConfig, at: number): number => Math.min(at, config.contextLength - 1);

const packPrompt = (config: DecoderConfig, shape: BatchShape, arrays: PackedArrays, group: EncodedGroup, row: number) => {
  const { ids } = group.prompt;
  const patch = (id: number): number => (id >= config.vocabularySize ? id + arrays.patchesUsed : id);
  for (let at = 0; at < ids.length - 1; at++) {
    arrays.prefixIds[row * shape.prefix + at] = patch(ids[at]!);
    arrays.prefixMask[row * shape.prefix + at] = 0;
  }
  for (let sample = 0; sample < shape.samples; sample++) {
    const first = (row * shape.samples + sample) * shape.steps;
    const completion = group.completions[sample] ?? [];
    for (let step = 0; step < shape.steps; step++) {
      arrays.stepPositions[first + step] = positionIn(config, ids.length - 1 + step);
      arrays.stepIds[first + step] = step === 0 ? patch(ids.at(-1)!) : (completion[step - 1] ?? 0);
      arrays.targets[first + step] = completion[step] ?? 0;
    }
  }
};

interface PackedArrays {
  readonly prefixIds: Int32Array;
  readonly prefixMask: Float32Array;
  readonly prefixPositions: Int32Array;
  readonly stepIds: Int32Array;
  readonly stepPositions: Int32Array;
  readonly targets: Int32Array;
  patchesUsed: number;
}

/**
 * A batch as the graphs of `forward.ts` and `rollout.ts` read it.
 *
 * Prompts are padded at the right and end one token early: the last prompt token is the first step of each of its
 * completions. Rows beyond the groups given are padding.
 */
export const packBatch = (config: DecoderConfig, shape: BatchShape, groups: readonly EncodedGroup[]): Tensors => {
  const { prompts, samples, prefix, steps, patches } = shape;
  const rows = prompts * samples;
  const arrays: PackedArrays = {
    prefixIds: new Int32Array(prompts * prefix),
    prefixMask: new Float32Array(prompts * prefix).fill(masked),
    prefixPositions: Int32Array.from({ length: prompts * prefix }, (_, at) => positionIn(config, at % prefix)),
    stepIds: new Int32Array(rows * steps),
    stepPositions: new Int32Array(rows * steps),
    targets: new Int32Array(rows * steps),
    patchesUsed: 0,
  };
  const values = new Float32Array(patches * (groups.find((g) => g.prompt.patches.values[0])?.prompt.patches.values[0]?.length ?? 0));
  const places = new Int32Array(patches);
  groups.forEach((group, row) => {
    packPrompt(config, shape, arrays, group, row);
    group.prompt.patches.values.forEach((patch, at) => {
      values.set(patch, (arrays.patchesUsed + at) * patch.length);
      places[arrays.patchesUsed + at] = group.prompt.patches.places[at]!;
    });
    arrays.patchesUsed += group.prompt.patches.values.length;
  });
  return {
    prefix_ids: tensor("int32", [prompts * prefix], arrays.prefixIds),
    prefix_mask: tensor("float32", [prompts, 1, 1, 1, 1, prefix], arrays.prefixMask),
    prefix_positions: tensor("int32", [prompts * prefix], arrays.prefixPositions),
    step_ids: tensor("int32", [rows * steps], arrays.stepIds),
    step_positions: tensor("int32", [rows * steps], arrays.stepPositions),
    targets: tensor("int32", [rows, steps], arrays.targets),
    ...(patches > 0 && {
      patches: tensor("float32", [patches, values.length / patches], values),
      places: tensor("int32", [patches], places),
    }),
  };
};
