import { configurationError } from "../configuration.js";
import type { PolicyError } from "../policy/policy.js";
import { type Key, key } from "../rng.js";
import type { Tensors } from "../tensor.js";
import type { DecoderConfig } from "./decoder/config.js";
import { parametersOf } from "./decoder/modelParameters.js";
import { policyFailed } from "./kernels.js";
import { adapterOf, type LoraOptions } from "./lora/options.js";
import { type DecoderState, groupTensors } from "./state.js";

/** The decoders that one policy is: as it is trained, as it answers, and which weights go with a state. */
export interface Variants {
  readonly training: DecoderConfig;
  /** The decoder that a state is of: without dropout, and without the adapter if the state has none. */
  readonly configOf: (state: DecoderState) => DecoderConfig;
  /** All weights that a state's graphs read. */
  readonly weightsOf: (state: DecoderState) => Tensors;
  readonly dropoutKey: Key;
}

const checkBase = (config: DecoderConfig, base: Tensors): void => {
  const problems = parametersOf(config).flatMap(({ name, shape }) => {
    const given = base[name];
    if (given?.dtype === "float32" && `${given.shape}` === `${shape}`) return [];
    const shown = given ? `${given.dtype} [${given.shape}]` : "not given";
    return [{ field: `base["${name}"]`, given: shown, wanted: `float32 [${shape}]` }];
  });
  if (problems.length > 0) throw configurationError("decoderPolicy", problems);
};

/**
 * The decoders of a policy on a configuration, with a base and an adapter where they are given.
 *
 * @throws ConfigurationError if the base does not fit, or an adapter has none, or its options cannot be.
 */
export const variants = (
  config: DecoderConfig,
  base: Tensors | undefined,
  lora: Partial<LoraOptions & { readonly dropoutKey: Key }> | undefined,
): Variants => {
  if (base) checkBase(config, base);
  if (!lora) return { training: config, configOf: () => config, weightsOf: groupTensors, dropoutKey: key(0) };
  if (!base)
    throw configurationError("decoderPolicy", [
      { field: "base", given: "not given", wanted: "the weights below lora" },
    ]);
  const { dropoutKey = key(0), ...options } = lora;
  const adapter = adapterOf(config, options);
  const on = { ...config, adapter: { ...adapter, dropout: 0 } };
  const off = { ...config, adapter: { ...adapter, dropout: 0, modules: [] } };
  return {
    training: { ...config, adapter },
    configOf: ({ parameters }) => (parameters.adapter ? on : off),
    weightsOf: (state) => ({ ...base, ...groupTensors(state) }),
    dropoutKey,
  };
};

/** Why a state cannot be trained, if it cannot: the base of an adapter is frozen. */
export const untrainable = (
  policy: string,
  { adapter }: DecoderConfig,
  { parameters }: DecoderState,
): PolicyError | undefined =>
  adapter && !parameters.adapter
    ? policyFailed(policy, "the base with its adapter off is frozen; a state with an adapter (init, load) wanted")
    : undefined;
