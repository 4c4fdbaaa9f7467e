import type { Expr } from "../../graph/index.js";
import { input, mul, reshape, scalar, split } from "../../graph/index.js";
import { fold, type Key, normal, uniform } from "../../rng.js";
import { sizeOf, type Tensors, tensor } from "../../tensor.js";
import { adapterName, heldParameters } from "../lora/adapterParameters.js";
import type { DecoderConfig, Initial, Parameter, ParameterGroup } from "./config.js";
import { parametersOf } from "./modelParameters.js";
import { paddingName, type Weights } from "./weights.js";

/** Weights as the trainer holds them: one flat float32 vector a group, its parameters one after another. */
export type FlatParameters = Readonly<Record<string, Float32Array>>;

/** Parameters that a state holds, by group: those of the model, or of its adapter alone. */
export const byGroup = (config: DecoderConfig): ReadonlyMap<ParameterGroup, readonly Parameter[]> => {
  const groups = new Map<ParameterGroup, Parameter[]>();
  for (const parameter of heldParameters(config))
    groups.set(parameter.group, [...(groups.get(parameter.group) ?? []), parameter]);
  return groups;
};

const total = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const firstValues = (init: Initial, size: number, own: Key): Float32Array => {
  if (init === "ones" || init === "zeros") return new Float32Array(size).fill(init === "ones" ? 1 : 0);
  if (typeof init === "number") return normal(own, size).map((value) => value * init);
  return uniform(own, size).map((value) => (2 * value - 1) * init.bound);
};

/** First weights: drawn as each parameter asks; each name has a key of its own. */
export const initialParameters = (config: DecoderConfig, key: Key): FlatParameters => {
  const flat: Record<string, Float32Array> = {};
  for (const [group, parameters] of byGroup(config)) {
    const values = new Float32Array(total(parameters));
    let at = 0;
    for (const { name, shape, init } of parameters) {
      const size = sizeOf(shape);
      values.set(firstValues(init, size, fold(key, name)), at);
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
  readonly named: Weights;
}

/** The weights of a frozen base, each an input under its own name. */
const frozenInputs = (config: DecoderConfig): Weights =>
  Object.fromEntries(
    config.adapter ? parametersOf(config).map(({ name, shape }) => [name, input(name, "float32", shape)]) : [],
  );

/** B matrices multiplied by the adapter's scaling, once, so that no layer has to. */
const scaledAdapter = ({ adapter }: DecoderConfig, named: Weights): Weights =>
  Object.fromEntries(
    (adapter?.modules ?? []).map((module) => {
      const name = adapterName(module, "B");
      return [name, mul(named[name]!, adapter!.scaling)];
    }),
  );

/** Where the embedding is the head too, it stands under both names. */
const tiedHead = ({ tiedEmbeddings }: DecoderConfig, named: Weights): Weights => {
  const embedding = named["model.embed_tokens.weight"];
  return tiedEmbeddings && embedding ? { "lm_head.weight": embedding } : {};
};

/** The padding token of an embedding that is trained. */
const padding = ({ adapter, paddingId }: DecoderConfig): Weights =>
  paddingId === undefined || adapter ? {} : { [paddingName]: scalar(paddingId, "int32") };

/** Declares the weights as graph inputs: the groups asked for, or a frozen base and its adapter. */
export const parameterInputs = (config: DecoderConfig, groups: readonly ParameterGroup[]): ParameterExprs => {
  const inputs: Record<string, Expr> = {};
  const named: Record<string, Expr> = {};
  for (const [group, parameters] of byGroup(config)) {
    if (!groups.includes(group) && group !== "adapter") continue;
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
  const all = { ...frozenInputs(config), ...named };
  return {
    groups: inputs,
    named: { ...all, ...scaledAdapter(config, named), ...tiedHead(config, all), ...padding(config) },
  };
};
