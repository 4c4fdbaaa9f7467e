import * as E from "fp-ts/Either";
import { tagged } from "../errors.js";
import type { PolicyError, Saved } from "../policy/policy.js";
import { type Tensors, tensor } from "../tensor.js";
import type { DecoderConfig } from "./decoder/config.js";
import { type FlatParameters, flatParameters, namedParameters } from "./decoder/parameters.js";
import { heldParameters } from "./lora/adapterParameters.js";

/** A decoder policy as a value: weights (one vector a group), optimizer state, updates made with that optimizer. */
export interface DecoderState {
  readonly parameters: FlatParameters;
  readonly optimizer: Tensors;
  readonly updates: number;
}

/** The base of an adapter, the adapter off: a state without weights of its own. */
export const adapterOff: DecoderState = { parameters: {}, optimizer: {}, updates: 0 };

/** The weights as graph inputs. */
export const groupTensors = ({ parameters }: DecoderState): Tensors =>
  Object.fromEntries(
    Object.entries(parameters).map(([group, values]) => [group, tensor("float32", [values.length], values)]),
  );

const optimizerPrefix = "optimizer/";
const stateFormat = "msrl-decoder/1";

/** The state under the weights' own names, the optimizer's tensors behind a prefix. */
export const saveState = (config: DecoderConfig, state: DecoderState): Saved => ({
  tensors: {
    ...namedParameters(config, state.parameters),
    ...Object.fromEntries(Object.entries(state.optimizer).map(([name, value]) => [optimizerPrefix + name, value])),
  },
  metadata: {
    format: stateFormat,
    updates: String(state.updates),
    ...(config.adapter && { adapter_scaling: String(config.adapter.scaling) }),
  },
});

const optimizerOf = ({ tensors }: Saved): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(optimizerPrefix) ? [[name.slice(optimizerPrefix.length), value] as const] : [],
    ),
  );

/**
 * Tensors that this model has no place for. A new stage may leave out a vision tower, but nothing of the decoder: its
 * other layers, its biases or norms would be missed.
 */
const strangers = (config: DecoderConfig, { tensors }: Saved, withOptimizer: boolean): readonly string[] => {
  const own = new Set(heldParameters(config).map(({ name }) => name));
  const needed = (name: string): boolean =>
    withOptimizer ? !name.startsWith(optimizerPrefix) : /^(model|lm_head|base_model)\./.test(name);
  const stray = Object.entries(tensors).filter(([name]) => !own.has(name) && needed(name));
  return stray.map(([name, { dtype, shape }]) => `${name}: not in this model, ${dtype} [${shape}] given`);
};

/** What is wrong with the metadata: another format, updates that cannot be counted. */
const metadataProblems = ({ metadata: { format, updates = "0" } }: Saved): readonly string[] => [
  ...(format === undefined || format === stateFormat ? [] : [`format: ${stateFormat} wanted, ${format} given`]),
  ...(/^\d+$/.test(updates) ? [] : [`updates: a whole number wanted, ${updates} given`]),
];

/** An adapter that was trained to count otherwise than it would here. */
const scalingProblems = ({ adapter }: DecoderConfig, { metadata }: Saved): readonly string[] => {
  const given = metadata.adapter_scaling;
  return adapter && given !== undefined && Number(given) !== adapter.scaling
    ? [`adapter_scaling (alpha / rank): ${adapter.scaling} wanted, ${given} given`]
    : [];
};

/** Reads a state back; weights alone (a model file) are a state with a fresh optimizer. */
export const loadState = (
  config: DecoderConfig,
  saved: Saved,
  withOptimizer: boolean,
): E.Either<PolicyError, DecoderState> => {
  const parameters = flatParameters(config, saved.tensors);
  const problems = [
    ...(Array.isArray(parameters) ? (parameters as readonly string[]) : []),
    ...strangers(config, saved, withOptimizer),
    ...scalingProblems(config, saved),
    ...(withOptimizer ? metadataProblems(saved) : []),
  ];
  if (problems.length > 0)
    return E.left(
      tagged("BadCheckpoint", `these weights are not of this model:\n${problems.join("\n")}`, {
        reason: problems.join("; "),
      }),
    );
  return E.right({
    parameters: parameters as FlatParameters,
    optimizer: withOptimizer ? optimizerOf(saved) : {},
    updates: withOptimizer ? Number(saved.metadata.updates ?? 0) : 0,
  });
};
