import type { Expr } from "../../graph/index.js";
import {
  add,
  div,
  equal,
  grad,
  input,
  mixedPrecision,
  mul,
  reduceSum,
  reduceSumSquare,
  sqrt,
  stopGradient,
  where,
} from "../../graph/index.js";
import type { Loss, Need } from "../../losses/loss.js";
import type { Exprs, Optimizer } from "../../optim/optimizer.js";
import { scaleIn, scaleLoss } from "../../optim/scaleLoss.js";
import type { Tensors } from "../../tensor.js";
import type { DecoderConfig, ParameterGroup } from "../decoder/config.js";
import { type BatchShape, batchInputs, completionStatistics, groupsRead, rowsOf } from "../decoder/forward.js";
import { byGroup, type ParameterExprs, parameterInputs } from "../decoder/parameters.js";
import { withDropout } from "../lora/dropout.js";

const prefixed = (prefix: string, exprs: Exprs): Exprs =>
  Object.fromEntries(Object.entries(exprs).map(([name, expr]) => [`${prefix}${name}`, expr]));

/** Groups that an optimizer trains, of those that the model has. */
export const trainedGroups = (config: DecoderConfig, optimizer: Optimizer): readonly ParameterGroup[] =>
  [...byGroup(config).keys()].filter((group) => optimizer.trains?.includes(group) ?? true);

/** A loss and metrics, computed in the type that the policy computes in. */
const computedIn = ({ compute }: DecoderConfig, metrics: Exprs) => {
  const exprs = Object.values(metrics);
  const computed = compute ? mixedPrecision({ compute })(exprs) : exprs;
  const named = Object.fromEntries(Object.keys(metrics).map((name, at) => [name, computed[at]!]));
  return { value: named.loss!, metrics: named };
};

/** The loss over a packed batch, with its metrics and the mean entropy of the policy; what it needs is handed to it. */
const batchLoss = (
  config: DecoderConfig,
  shape: BatchShape,
  loss: Loss,
  parameters: ParameterExprs,
  trains: readonly ParameterGroup[],
) => {
  const inputs = batchInputs(config, shape);
  const rows = rowsOf(shape);
  const perToken = (name: string): Expr => input(name, "float32", [rows, shape.steps]);
  const [mask, tokens] = [perToken("mask"), input("tokens", "float32", [])];
  const weights = withDropout(config, shape, parameters.named);
  const frozenHead = !trains.includes("language");
  const statistics = completionStatistics(config, weights, shape, inputs, { frozenHead });
  const { logProbs, targets, logits, hidden } = statistics;
  const entropy = statistics.entropy!;
  const perChoice = (name: string, dtype: "float32" | "int32"): Expr =>
    input(name, dtype, [rows, shape.steps, shape.choices ?? 1]);
  const needs = (need: Need): boolean => loss.needs.includes(need);
  const onPolicy = equal(input("on_policy", "float32", [rows, 1]), 1);
  const { loss: value, metrics } = loss.build({
    logProbs,
    oldLogProbs: where(onPolicy, stopGradient(logProbs), perToken("old_log_probs")),
    samplerLogProbs: perToken("sampler_log_probs"),
    referenceLogProbs: perToken("reference_log_probs"),
    advantages: perToken("advantages"),
    mask,
    tokens,
    sequences: input("sequences", "float32", []),
    ...(needs("entropy") && { entropy }),
    ...(needs("logits") && { targets, logits }),
    ...(needs("hidden") && { targets, hidden }),
    ...(needs("teacherTop") && {
      teacherTop: {
        ids: perChoice("teacher_top_ids", "int32"),
        logProbs: perChoice("teacher_top_log_probs", "float32"),
      },
    }),
  });
  const meanEntropy = div(reduceSum(mul(entropy, mask)), tokens);
  return computedIn(config, { ...metrics, loss: value, entropy: meanEntropy });
};

const globalNorm = (gradients: Exprs): Expr =>
  sqrt(
    Object.values(gradients)
      .map((each) => reduceSumSquare(each))
      .reduce((a, b) => add(a, b)),
  );

const groupGradients = (value: Expr, parameters: ParameterExprs, trains: readonly ParameterGroup[]): Exprs => {
  const groups = trains.filter((group) => parameters.groups[group]);
  const gradients = grad(
    value,
    groups.map((group) => parameters.groups[group]!),
  );
  return Object.fromEntries(groups.map((group, at) => [group, gradients[at]!]));
};

/** Optimizer state inside a graph. */
const stateInputs = (state: Tensors): Exprs =>
  Object.fromEntries(
    Object.entries(state).map(([name, { dtype, shape }]) => [name, input(`state.${name}`, dtype, shape)]),
  );

/** The optimizer's step; gradients of a scaled loss are measured without the scale. */
const applied = (optimizer: Optimizer, gradients: Exprs, parameters: Exprs, state: Tensors) => {
  const held = stateInputs(state);
  const step = optimizer.transform.update(gradients, held, parameters);
  const [scale] = Object.values(scaleIn(held));
  const norm = globalNorm(gradients);
  const moved = Object.fromEntries(
    Object.entries(step.updates).map(([group, update]) => [group, add(parameters[group]!, update)]),
  );
  return {
    ...prefixed("parameters.", moved),
    ...prefixed("next_state.", step.state),
    ...prefixed("metric.", { ...step.metrics, gradient_norm: scale ? div(norm, scale) : norm }),
  };
};

/** A whole update as one graph: forward, loss, backward, optimizer. */
export const updateGraph = (
  config: DecoderConfig,
  shape: BatchShape,
  loss: Loss,
  optimizer: Optimizer,
  state: Tensors,
): Exprs => {
  const trains = trainedGroups(config, optimizer);
  const parameters = parameterInputs(config, [...new Set([...groupsRead(shape), ...trains])]);
  const { value, metrics } = batchLoss(config, shape, loss, parameters, trains);
  const gradients = groupGradients(scaleLoss(value, stateInputs(state)), parameters, trains);
  const trained = Object.fromEntries(Object.keys(gradients).map((group) => [group, parameters.groups[group]!]));
  return { ...prefixed("metric.", metrics), ...applied(optimizer, gradients, trained, state) };
};

/** Gradients of a micro-batch, scaled if the optimizer's state has a scale, added to those before it: what accumulation runs. */
export const gradientGraph = (
  config: DecoderConfig,
  shape: BatchShape,
  loss: Loss,
  trains: readonly ParameterGroup[],
  state: Tensors = {},
): Exprs => {
  const parameters = parameterInputs(config, [...new Set([...groupsRead(shape), ...trains])]);
  const { value, metrics } = batchLoss(config, shape, loss, parameters, trains);
  const scaled = scaleLoss(value, stateInputs(state));
  const gradients = Object.entries(groupGradients(scaled, parameters, trains)).map(([group, gradient]) => [
    group,
    add(gradient, input(`gradient.${group}`, "float32", gradient.shape)),
  ]);
  return { ...prefixed("metric.", metrics), ...prefixed("summed_gradient.", Object.fromEntries(gradients)) };
};

/** The optimizer's step from accumulated gradients. */
export const applyGraph = (config: DecoderConfig, optimizer: Optimizer, state: Tensors): Exprs => {
  const trains = trainedGroups(config, optimizer);
  const parameters = parameterInputs(config, trains).groups;
  const gradients = Object.fromEntries(
    trains.map((group) => [group, input(`gradient.${group}`, "float32", parameters[group]!.shape)]),
  );
  return applied(optimizer, gradients, parameters, state);
};
