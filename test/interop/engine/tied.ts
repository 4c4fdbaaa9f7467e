import { sizeOf } from "@msrl/core";
import { add, concat, type Expr, reduceSumSquare, split, sqrt } from "@msrl/core/graph";
import type { GradientTransform } from "@msrl/core/optim";
import type { Saved } from "@msrl/core/policy";

const group = (name: string): string =>
  name.replace(/\.(q|k|v)_proj\.lora_A/, ".qkv.lora_A").replace(/\.(gate|up)_proj\.lora_A/, ".gate_up.lora_A");

/** Names of an adapter's tensors as the engine holds them: q, k and v have one A there, gate and up another. */
const groupsOf = (names: readonly string[], tied: boolean): ReadonlyMap<string, readonly number[]> => {
  const groups = new Map<string, number[]>();
  for (const [at, name] of names.entries()) {
    const key = tied ? group(name) : name;
    groups.set(key, [...(groups.get(key) ?? []), at]);
  }
  return groups;
};

/**
 * An optimizer over an adapter whose layers of one input share their A: each copy gets the sum of the copies' gradients, so
 * that equal copies stay equal. Metric `engine_norm`: the gradient's norm, each A counted once.
 */
export const tiedAdapter = (transform: GradientTransform, { tensors }: Saved, tied: boolean): GradientTransform => {
  const names = Object.keys(tensors).filter((name) => name.startsWith("base_model."));
  const sizes = names.map((name) => sizeOf(tensors[name]!.shape));
  const groups = groupsOf(names, tied);
  return {
    ...transform,
    update: (gradients, state, parameters) => {
      const parts = split(gradients.adapter!, sizes, 0);
      const sums = [...parts];
      let squares: Expr | undefined;
      for (const members of groups.values()) {
        const sum = members.map((at) => parts[at]!).reduce((a, b) => add(a, b));
        for (const at of members) sums[at] = sum;
        squares = squares ? add(squares, reduceSumSquare(sum)) : reduceSumSquare(sum);
      }
      const step = transform.update({ adapter: concat(sums, 0) }, state, parameters);
      return { ...step, metrics: { ...step.metrics, engine_norm: sqrt(squares!) } };
    },
  };
};

/** Whether copies of A are equal wherever the engine would hold one. */
export const isTied = ({ tensors }: Saved): boolean => {
  const names = Object.keys(tensors).filter((name) => name.startsWith("base_model."));
  return [...groupsOf(names, true).values()].every((members) => {
    const [first, ...others] = members.map((at) => tensors[names[at]!]!.data as Float32Array);
    return others.every((other) => other.every((value, at) => value === first![at]));
  });
};
