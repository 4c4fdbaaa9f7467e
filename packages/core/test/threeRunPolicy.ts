import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { tagged } from "../src/errors.js";
import { grad, input, mul, reduceSum, stopGradient } from "../src/graph/index.js";
import { type Loss, type Need, type TokenArrays, type TokenGradient, tokenGradientTask } from "../src/losses/index.js";
import type { DecoderConfig } from "../src/models/decoder/config.js";
import {
  type BatchShape,
  batchInputs,
  completionStatistics,
  groupsRead,
  rowsOf,
} from "../src/models/decoder/forward.js";
import { parameterInputs } from "../src/models/decoder/parameters.js";
import { metricsOf, withoutPrefix, withPrefix } from "../src/models/decoder/tensorNames.js";
import { type DecoderPolicyOptions, decoderPolicy } from "../src/models/decoderPolicy.js";
import { graphStore, policyFailed } from "../src/models/kernels.js";
import { encodePrompt } from "../src/models/prompts/encode.js";
import { type EncodedGroup, packBatch, shapeFor } from "../src/models/prompts/pack.js";
import { type DecoderState, groupTensors } from "../src/models/state.js";
import { countBatch, trainingArrays } from "../src/models/training/trainingArrays.js";
import { applyGraph, trainedGroups } from "../src/models/training/update.js";
import type { Exprs, Optimizer } from "../src/optim/index.js";
import type { PolicyError, TrainablePolicy, TrainingBatch } from "../src/policy/index.js";
import { type Tensors, tensor } from "../src/tensor.js";

/** Token log-probs of a packed batch: what the first run gives. */
const logProbsOf = (config: DecoderConfig, shape: BatchShape, optimizer: Optimizer) => {
  const parameters = parameterInputs(config, [...new Set([...groupsRead(shape), ...trainedGroups(config, optimizer)])]);
  const inputs = batchInputs(config, shape);
  const { logProbs } = completionStatistics(config, parameters.named, shape, inputs);
  return { logProbs, groups: parameters.groups };
};

/** The third run: the backward pass of the model alone, from d loss / d log-prob. */
const backwardGraph = (config: DecoderConfig, shape: BatchShape, optimizer: Optimizer): Exprs => {
  const { logProbs, groups } = logProbsOf(config, shape, optimizer);
  const slopes = stopGradient(input("slopes", "float32", [rowsOf(shape), shape.steps]));
  const trains = trainedGroups(config, optimizer);
  const gradients = grad(
    reduceSum(mul(logProbs, slopes)),
    trains.map((group) => groups[group]!),
  );
  return Object.fromEntries(trains.map((group, at) => [`gradient.${group}`, gradients[at]!]));
};

/** What the loss kernel reads: plain arrays, old log-probs being those of the first run where none are given. */
const lossArrays = (shape: BatchShape, batch: TrainingBatch, logProbs: Float32Array): TokenArrays => {
  const arrays = trainingArrays(shape, batch, countBatch(batch));
  const of = (name: string): Float32Array => arrays[name]!.data as Float32Array;
  const onPolicy = of("on_policy");
  return {
    batch: batch.length * shape.samples,
    time: shape.steps,
    logProbs,
    oldLogProbs: of("old_log_probs").map((old, at) => (onPolicy[Math.floor(at / shape.steps)] ? logProbs[at]! : old)),
    referenceLogProbs: of("reference_log_probs"),
    advantages: of("advantages"),
    mask: of("mask"),
  };
};

/**
 * A policy as one on a training engine is: it hands out token log-probs, the loss runs elsewhere as a kernel over plain
 * arrays, and d loss / d log-prob comes back. Forward, loss, backward and optimizer are runs of their own.
 */
export const threeRunPolicy = (options: DecoderPolicyOptions): TrainablePolicy<DecoderState> => {
  const { config, tokenizer, device, name = "threeRun" } = options;
  const graphs = graphStore(name, device);
  const gives: readonly Need[] = ["logProbs"];
  const failed = (error: Error): PolicyError => policyFailed(name, error.message);

  const lossKernel = (loss: Loss, arrays: TokenArrays): TE.TaskEither<PolicyError, TokenGradient> =>
    pipe(
      tokenGradientTask(loss, device),
      TE.chainW((gradientOf) => gradientOf(arrays)),
      TE.mapLeft(failed),
    );
  const applied = (state: DecoderState, optimizer: Optimizer, gradients: Tensors) => {
    const trains = trainedGroups(config, optimizer);
    const types = trains.map(
      (group) => [group, { dtype: "float32", shape: [state.parameters[group]!.length] }] as const,
    );
    const empty = Object.keys(state.optimizer).length === 0;
    const held = empty ? optimizer.transform.init(Object.fromEntries(types)) : state.optimizer;
    const inputs = { ...groupTensors(state), ...withPrefix("state.", held), ...gradients };
    return graphs([optimizer], "apply", () => applyGraph(config, optimizer, held))(inputs);
  };
  const step = (
    state: DecoderState,
    groups: readonly EncodedGroup[],
    batch: TrainingBatch,
    loss: Loss,
    optimizer: Optimizer,
  ) =>
    pipe(
      TE.Do,
      TE.let("shape", () => shapeFor(groups)),
      TE.let("inputs", ({ shape }) => ({ ...groupTensors(state), ...packBatch(config, shape, groups) })),
      TE.bind("forward", ({ shape, inputs }) => {
        const key = `forward ${JSON.stringify(shape)}`;
        return graphs([optimizer], key, () => ({ log_probs: logProbsOf(config, shape, optimizer).logProbs }))(inputs);
      }),
      TE.bind("value", ({ shape, forward }) =>
        lossKernel(loss, lossArrays(shape, batch, forward.log_probs!.data as Float32Array)),
      ),
      TE.bind("gradients", ({ shape, inputs, value }) => {
        const slopes = tensor("float32", [value.gradient.length / shape.steps, shape.steps], value.gradient);
        const key = `backward ${JSON.stringify(shape)}`;
        return graphs([optimizer], key, () => backwardGraph(config, shape, optimizer))({ ...inputs, slopes });
      }),
      TE.bind("outputs", ({ gradients }) => applied(state, optimizer, gradients)),
      TE.map(({ value, outputs }) => ({
        state: {
          parameters: {
            ...state.parameters,
            ...Object.fromEntries(
              Object.entries(withoutPrefix("parameters.", outputs)).map(([group, { data }]) => [
                group,
                data as Float32Array,
              ]),
            ),
          },
          optimizer: withoutPrefix("next_state.", outputs),
          updates: state.updates + 1,
        },
        metrics: { ...value.metrics, loss: value.loss, ...metricsOf(outputs) },
      })),
    );

  return {
    ...decoderPolicy(options),
    name,
    gives,
    update: (state, batch, loss, optimizer) => {
      const needs = loss.needs.filter((need) => !gives.includes(need));
      const message = `loss ${loss.name} needs ${needs.join(", ")}, which policy ${name} does not give`;
      if (needs.length > 0) return TE.left(tagged("NeedNotMet", message, { policy: name, loss: loss.name, needs }));
      const groups = E.traverseArray(({ prompt, completions }: TrainingBatch[number]) =>
        pipe(
          encodePrompt(config, tokenizer)(prompt),
          E.map((encoded) => ({ prompt: encoded, completions: completions.map(({ tokenIds }) => tokenIds) })),
        ),
      )(batch);
      return pipe(
        TE.fromEither(groups),
        TE.chain((encoded) => step(state, encoded, batch, loss, optimizer)),
      );
    },
  };
};
