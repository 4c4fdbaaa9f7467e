import type { Expr } from "../graph/index.js";
import { input, reshape, split } from "../graph/index.js";
import { fold, type Key, normal } from "../rng.js";
import { sizeOf, type Tensors, tensor } from "../tensor.js";
import { type DecoderConfig, type Parameter, type ParameterGroup, parametersOf } from "./config.js";

/** Weights as the trainer holds them: one flat float32 vector a group, its parameters one after another. */
export type FlatParameters = Readonly<Record<string, Float32Array>>;

/** Parameters of each group that the model has. */
export const byGroup = (config: DecoderConfig): ReadonlyMap<ParameterGroup, readonly Parameter[]> => {
  const groups = new Map<ParameterGroup, Parameter[]>();
  for (const parameter of parametersOf(config))
    groups.set(parameter.group, [...(groups.get(parameter.group) ?? []), parameter]);
  return groups;
};

const total = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** First weights: normal with each parameter's own standard deviation, norms one; each name has a key of its own. */
export const initialParameters = (config: DecoderConfig, key: Key): FlatParameters => {
  const flat: Record<string, Float32Array> = {};
  for (const [group, parameters] of byGroup(config)) {
    const values = new Float32Array(total(parameters));
    let at = 0;
    for (const { name, shape, init } of parameters) {
      const size = sizeOf(shape);
      if (init === "ones") values.fill(1, at, at + size);
      else
        values.set(
          normal(fold(key, name), size).map((value) => value * init),
          at,
        );
      at += size;
    }
    flat[group] = values;
  }
  return flat;
};

/** Weights by their own names, as a checkpoint of Hugging Face has them; views, nothing is copied. */
export const namedParameters = (config: DecoderConfig, flat: FlatParameters): Tensors => {
  const named: Record<string, Tensors[string]> = {};
  for (const [group, parameters] of byGroup(config)) {
    let at = 0;
    for (const { name, shape } of parameters) {
      const size = sizeOf(shape);
      named[name] = tensor("float32", shape, flat[group]!.subarray(at, at + size));
      at += size;
    }
  }
  return named;
};

/** What is wrong with named weights for a model, or their flat vectors. */
export const flatParameters = (config: DecoderConfig, named: Tensors): FlatParameters | readonly string[] => {
  const problems: string[] = [];
  const flat: Record<string, Float32Array> = {};
  for (const [group, parameters] of byGroup(config)) {
    const values = new Float32Array(total(parameters));
    let at = 0;
    for (const { name, shape } of parameters) {
      const given = named[name];
      const fits = given?.dtype === "float32" && `${given.shape}` === `${shape}`;
      if (fits) values.set(given.data as Float32Array, at);
      else
        problems.push(
          `${name}: float32 [${shape}] wanted, ${given ? `${given.dtype} [${given.shape}]` : "nothing"} given`,
        );
      at += sizeOf(shape);
    }
    flat[group] = values;
  }
  return problems.length > 0 ? problems : flat;
};

/** Weights inside a graph: an input a group, and each parameter as a piece of its group's vector. */
export interface ParameterExprs {
  readonly groups: Readonly<Record<string, Expr>>;
  readonly named: Readonly<Record<string, Expr>>;
}

/** Declares the weights as graph inputs. */
export const parameterInputs = (config: DecoderConfig, groups: readonly ParameterGroup[]): ParameterExprs => {
  const inputs: Record<string, Expr> = {};
  const named: Record<string, Expr> = {};
  for (const [group, parameters] of byGroup(config)) {
    if (!groups.includes(group)) continue;
    const flat = input(group, "float32", [total(parameters)]);
    inputs[group] = flat;
    const pieces = split(
      flat,
      parameters.map(({ shape }) => sizeOf(shape)),
      0,
    );
    parameters.forEach(({ name, shape }, at) => {
      named[name] = reshape(pieces[at]!, shape, name);
    });
  }
  return { groups: inputs, named };
};
