import { configurationError } from "../../configuration.js";
import type { Saved } from "../../policy/policy.js";
import { type Tensor, type Tensors, tensor } from "../../tensor.js";
import { adapterName } from "./adapterParameters.js";
import { type LoraOptions, loraDefaults, scalingOf } from "./options.js";

/** A base and the adapter to be worked into it. */
export interface MergeAdapterOptions {
  readonly base: Tensors;
  /** What the policy was made with. */
  readonly lora: Partial<LoraOptions>;
  /** What the policy saved. */
  readonly saved: Pick<Saved, "tensors">;
}

/** W + s B A, summed in float64 and rounded once. */
const merged = (weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor => {
  const [out, inner] = weight.shape as readonly [number, number];
  const rank = a.shape[0]!;
  const [w, down, up] = [weight.data, a.data, b.data] as readonly Float32Array[] as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const sum = new Float32Array(w.length);
  const row = new Float64Array(inner);
  for (let at = 0; at < out; at++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scaling * up[at * rank + k]!;
      for (let column = 0; column < inner; column++) row[column]! += factor * down[k * inner + column]!;
    }
    for (let column = 0; column < inner; column++) sum[at * inner + column] = w[at * inner + column]! + row[column]!;
  }
  return tensor("float32", weight.shape, sum);
};

const pattern = /^base_model\.model\.(.+)\.lora_A\.weight$/;

/**
 * The weights of a base with an adapter worked into them: a model of the base's own shape, for `toHub` or for programs
 * that know no adapters.
 *
 *     W' = W + (alpha / rank) B A       W [out, in], A [rank, in], B [out, rank]
 *
 * Layers without an adapter are the base's own tensors, not copies.
 *
 *     const weights = mergeAdapter({ base: base.weights, lora, saved: await toPromise(policy.save(state)) });
 *     await toHub("judge", { config: base.config, saved: { tensors: weights }, tokenizerFrom: base.folder });
 *
 * @throws ConfigurationError if the adapter has a layer that the base lacks, or of another shape.
 * @example
 * import { float32 } from "@msrl/core";
 * import { mergeAdapter } from "@msrl/core/models";
 * const base = { "q_proj.weight": float32([1, 2], [1, 1]) };
 * const tensors = {
 *   "base_model.model.q_proj.lora_A.weight": float32([1, 2], [2, 3]),
 *   "base_model.model.q_proj.lora_B.weight": float32([1, 1], [10]),
 * };
 * const merged = mergeAdapter({ base, lora: { rank: 1, alpha: 2 }, saved: { tensors } });
 * assert.deepStrictEqual([...merged["q_proj.weight"].data], [41, 61]);
 * @since 0.1.0
 */
export const mergeAdapter = ({ base, lora, saved }: MergeAdapterOptions): Tensors => {
  const scaling = scalingOf({ ...loraDefaults, ...lora });
  const modules = Object.keys(saved.tensors).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  const parts = modules.map((module) => ({
    name: `${module}.weight`,
    weight: base[`${module}.weight`],
    a: saved.tensors[adapterName(module, "A")]!,
    b: saved.tensors[adapterName(module, "B")],
  }));
  const problems = parts.flatMap(({ name, weight, a, b }) => {
    const wanted = `[${b?.shape[0] ?? "out"},${a.shape[1]}]`;
    const given = weight ? `[${weight.shape}]` : "not given";
    return b && given === wanted ? [] : [{ field: `base["${name}"]`, given, wanted }];
  });
  if (problems.length > 0) throw configurationError("mergeAdapter", problems);
  return {
    ...base,
    ...Object.fromEntries(parts.map(({ name, weight, a, b }) => [name, merged(weight!, a, b!, scaling)])),
  };
};
