import type { DecoderConfig } from "../src/models/decoder/config.js";
import { namedParameters } from "../src/models/decoder/parameters.js";
import { decoderPolicy, type PolicyLoraOptions } from "../src/models/decoderPolicy.js";
import type { DecoderState } from "../src/models/state.js";
import { fold, key, normal } from "../src/rng.js";
import type { Device } from "../src/session/index.js";
import type { Tensors } from "../src/tensor.js";
import { idTokenizer, tinyState } from "./tinyDecoder.js";

/** The weights of a tiny decoder by name: a base for an adapter. */
export const tinyBase = (config: DecoderConfig, seed = 1): Tensors =>
  namedParameters(config, tinyState(config, seed).parameters);

/** A policy with an adapter over {@link tinyBase}. */
export const tinyLora = (config: DecoderConfig, device: Device, lora: Partial<PolicyLoraOptions> = {}) =>
  decoderPolicy({ config, base: tinyBase(config), tokenizer: idTokenizer, device, lora });

/** A state whose adapter does something: noise in both matrices of every layer. */
export const withNoise = (state: DecoderState, seed = 7): DecoderState => {
  const { adapter } = state.parameters;
  const noise = normal(fold(key(seed), "adapter"), adapter!.length);
  return { ...state, parameters: { adapter: adapter!.map((value, at) => value + 0.2 * noise[at]!) } };
};
