import * as E from "fp-ts/Either";
import { tagged } from "../errors.js";
import type { PolicyError, Saved } from "../policy/policy.js";
import { type Tensors, tensor } from "../tensor.js";
import { type DecoderConfig, parametersOf } from "./config.js";
import { type FlatParameters, flatParameters, namedParameters } from "./parameters.js";

/** A decoder policy as a value: weights (one vector a group), optimizer state, updates made with that optimizer. */
export interface DecoderState {
  readonly parameters: FlatParameters;
  readonly optimizer: Tensors;
  readonly updates: number;
}

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
  metadata: { format: stateFormat, updates: String(state.updates) },
});

const optimizerOf = ({ tensors }: Saved): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(optimizerPrefix) ? [[name.slice(optimizerPrefix.length), value] as const] : [],
    ),
  );

/** Tensors of a state of ours that this model has no place for: it was a larger one's. */
const strangers = (config: DecoderConfig, { tensors, metadata }: Saved): readonly string[] => {
  if (metadata.format !== stateFormat) return [];
  const own = new Set(parametersOf(config).map(({ name }) => name));
  const stray = Object.keys(tensors).filter((name) => !own.has(name) && !name.startsWith(optimizerPrefix));
  return stray.map((name) => `${name}: not in this model, float32 [${tensors[name]!.shape}] given`);
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
    ...(withOptimizer ? strangers(config, saved) : []),
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
