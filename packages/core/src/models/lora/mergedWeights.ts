import { add, matmul } from "../../graph/index.js";
import type { DecoderConfig } from "../decoder/config.js";
import { type Weights, weight } from "../decoder/weights.js";
import { adapterName } from "./adapterParameters.js";

/** Weights of a graph with its adapter worked in: W + B A for every layer that has one (B comes scaled), no adapter left. */
export const mergedWeights = ({ adapter }: DecoderConfig, weights: Weights): Weights => {
  const merged = { ...weights };
  for (const module of adapter?.modules ?? []) {
    const [a, b] = [adapterName(module, "A"), adapterName(module, "B")];
    const own = weight(weights, `${module}.weight`);
    merged[`${module}.weight`] = add(own, matmul(weight(weights, b), weight(weights, a)));
    delete merged[a];
    delete merged[b];
  }
  return merged;
};
