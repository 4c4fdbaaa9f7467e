import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { tagged } from "../../errors.js";
import type { Loss } from "../../losses/loss.js";
import type { Optimizer } from "../../optim/optimizer.js";
import { scaleIn } from "../../optim/scaleLoss.js";
import type { PolicyError, TrainingBatch } from "../../policy/policy.js";
import type { Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { type FlatParameters, namedParameters } from "../decoder/parameters.js";
import { type Metrics, metricsOf, withoutPrefix, withPrefix } from "../decoder/tensorNames.js";
import { graphKey } from "../kernels.js";
import type { EncodedGroup } from "../prompts/pack.js";
import { type DecoderState, groupTensors } from "../state.js";
import { accumulate, type Gradients, type Piece, pieceInputs, piecesOf, type TrainerContext } from "./accumulate.js";
import { countBatch } from "./trainingArrays.js";
import { applyGraph, trainedGroups, updateGraph } from "./update.js";

/** An update's result: the state after it, and its metrics. */
export interface Updated {
  readonly state: DecoderState;
  readonly metrics: Metrics;
}

/** The optimizer's tensors: those of the state, or fresh ones where it has none. */
const optimizerState = (config: DecoderConfig, state: DecoderState, optimizer: Optimizer): Tensors => {
  const types = trainedGroups(config, optimizer).map((group) => [
    group,
    { dtype: "float32" as const, shape: [state.parameters[group]!.length] },
  ]);
  const fresh = optimizer.transform.init(Object.fromEntries(types));
  return Object.keys(fresh).every((name) => state.optimizer[name]) ? state.optimizer : fresh;
};

const nextState = (state: DecoderState, outputs: Tensors): DecoderState => {
  const moved = Object.entries(withoutPrefix("parameters.", outputs)).map(
    ([group, { data }]) => [group, data as Float32Array] as const,
  );
  return {
    parameters: { ...state.parameters, ...Object.fromEntries(moved) },
    optimizer: withoutPrefix("next_state.", outputs),
    updates: state.updates + 1,
  };
};

/** The first of named tensors that holds a number that is not finite. */
const firstOdd = (config: DecoderConfig, flat: FlatParameters): string | undefined =>
  Object.entries(namedParameters(config, flat)).find(
    ([, { data }]) => !(data as Float32Array).every(Number.isFinite),
  )?.[0];

/** What of an update with a finite loss is not finite: the first of the gradients, or their norm. */
const oddGradient = (config: DecoderConfig, { parameters }: DecoderState, { gradients }: Gradients): string => {
  const flat = Object.entries(gradients).map(([group, { data }]) => [group, data as Float32Array] as const);
  const gradient = firstOdd(config, { ...parameters, ...Object.fromEntries(flat) });
  return gradient === undefined ? "the norm of the gradient" : `the gradient of ${gradient}`;
};

/** The error of an update that is not finite. */
const notFinite = ({ updates }: DecoderState, tensor: string): PolicyError => {
  const step = updates + 1;
  const message = `update ${step}: ${tensor} is not a finite number; the weights are as they were before it`;
  return tagged("NotFinite", message, { step, tensor });
};

/** The error of an update that is not finite, by what of it is not: a weight, the loss, a gradient. */
const refused = (
  config: DecoderConfig,
  state: DecoderState,
  loss: number | undefined,
  gradients: TE.TaskEither<PolicyError, Gradients>,
): TE.TaskEither<PolicyError, never> => {
  const weight = firstOdd(config, state.parameters);
  if (weight !== undefined) return TE.left(notFinite(state, `the weight ${weight}`));
  if (!Number.isFinite(loss)) return TE.left(notFinite(state, "the loss"));
  return pipe(
    gradients,
    TE.chain((sum) => TE.left(notFinite(state, oddGradient(config, state, sum)))),
  );
};

interface Outcome {
  readonly outputs: Tensors;
  readonly metrics: Metrics;
}

/** Forward, loss, backward and optimizer in one run; `held`: the optimizer's tensors. */
const fusedUpdate = (
  { config, graphs }: TrainerContext,
  held: Tensors,
  { shape, inputs }: ReturnType<typeof pieceInputs>,
  loss: Loss,
  optimizer: Optimizer,
): TE.TaskEither<PolicyError, Outcome> => {
  const build = () => updateGraph(config, shape, loss, optimizer, held);
  return pipe(
    graphs([loss, optimizer], graphKey("update", { ...shape }), build)({ ...inputs, ...withPrefix("state.", held) }),
    TE.map((outputs) => ({ outputs, metrics: metricsOf(outputs) })),
  );
};

/** The optimizer's step from gradients that were accumulated. */
const applyUpdate = (
  { config, graphs }: TrainerContext,
  state: DecoderState,
  held: Tensors,
  { gradients, metrics }: Gradients,
  optimizer: Optimizer,
): TE.TaskEither<PolicyError, Outcome> => {
  const tensors = { ...groupTensors(state), ...withPrefix("state.", held), ...withPrefix("gradient.", gradients) };
  return pipe(
    graphs([optimizer], "apply", () => applyGraph(config, optimizer, held))(tensors),
    TE.map((outputs) => ({ outputs, metrics: { ...metrics, ...metricsOf(outputs) } })),
  );
};

/**
 * One optimizer step over encoded groups. A batch that fits into one run is one graph: forward, loss, backward,
 * optimizer; a larger one is several, then the optimizer's own. A loss or gradient that is not finite changes nothing: it
 * is Left, but for a gradient under `lossScaling`, which passes over it by itself and lowers its scale.
 */
export const trainStep = (
  context: TrainerContext,
  state: DecoderState,
  groups: readonly EncodedGroup[],
  batch: TrainingBatch,
  loss: Loss,
  optimizer: Optimizer,
): TE.TaskEither<PolicyError, Updated> => {
  const { config } = context;
  const counts = countBatch(batch);
  const pieces = piecesOf(groups, batch, context.tokensPerRun);
  const trains = trainedGroups(config, optimizer);
  const held = optimizerState(config, state, optimizer);
  const scale = scaleIn(held);
  const passesOver = Object.keys(scale).length > 0;
  const gradients = (): TE.TaskEither<PolicyError, Gradients> =>
    accumulate(context, state, pieces, loss, trains, counts, scale);
  const fused = (piece: Piece) =>
    fusedUpdate(context, held, pieceInputs(context, state, piece, counts, loss), loss, optimizer);
  return pipe(
    pieces.length === 1
      ? fused(pieces[0]!)
      : pipe(
          gradients(),
          TE.chain((sum) => applyUpdate(context, state, held, sum, optimizer)),
        ),
    TE.chain(({ outputs, metrics }) =>
      Number.isFinite(metrics.loss) && (passesOver || Number.isFinite(metrics.gradient_norm))
        ? TE.right({ state: nextState(state, outputs), metrics })
        : refused(config, state, metrics.loss, gradients()),
    ),
  );
};
