import { sizeOf } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { parametersOf } from "../decoder/modelParameters.js";

/** Numbers in the weights from which on they do not stay in a processor's caches between two tokens. */
const largeFrom = 2 ** 24;

/** Rows up to which reading a weight takes longer than its product. */
const fewRows = 32;

/** Tokens from which on working an adapter into its base costs less than computing it beside each of them. */
const mergeFrom = 2048;

/** How a rollout's graph is formed; a form that changes nothing is left out, so that small models keep one graph. */
export interface RolloutForm {
  /** Linear layers with the weight as the left factor: it is read in place, once. For a few rows of a large model. */
  readonly fewRows?: true;
  /** The adapter is worked into the base before the first token; takes the memory of its layers once more. */
  readonly merged?: true;
}

/** Whether a model's weights outgrow a processor's caches. */
export const isLarge = (config: DecoderConfig): boolean =>
  parametersOf(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0) >= largeFrom;

/** The form for so many rows of at most so many tokens each. */
export const rolloutForm = (config: DecoderConfig, rows: number, maxTokens: number): RolloutForm => {
  if (!isLarge(config)) return {};
  const adapted = (config.adapter?.modules.length ?? 0) > 0;
  return {
    ...(rows <= fewRows && { fewRows: true as const }),
    ...(adapted && rows * maxTokens >= mergeFrom && { merged: true as const }),
  };
};
