import type { EngineAdam, EngineDatum, EngineLoss } from "../src/tinker/client.js";
import type { Reduction } from "../src/tinker/engineFacts.js";

/** Tokens of the scripted model: its log-probs are a softmax of a row of a table, the row being the token before. */
export const vocabulary = 8;

/** A model of the engine: the table, Adam's moments, the gradient so far. */
export interface ScriptedModel {
  table: Float64Array;
  first: Float64Array;
  second: Float64Array;
  steps: number;
  /** What was passed since the last step: each datum's gradient, and how many positions it has. */
  passed: { readonly gradient: Float64Array; readonly length: number }[];
}

const size = vocabulary * vocabulary;
const cells = Array.from({ length: vocabulary }, (_, at) => at);

/** The first table: numbers without a pattern. */
export const firstTable = (): Float64Array => Float64Array.from({ length: size }, (_, at) => Math.sin(3 * at + 1));

/** Log-probs of every token behind another. */
export const rowLogProbs = (table: Float64Array, before: number): readonly number[] => {
  const logits = cells.map((at) => table[before * vocabulary + at]!);
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  return logits.map((value) => value - total);
};

const idsOf = (datum: EngineDatum): readonly number[] =>
  datum.input.flatMap((chunk) => (chunk.type === "text" ? Array.from(chunk.tokens) : []));

/** Log-probs of a datum's targets. */
export const scores = (table: Float64Array, datum: EngineDatum): Float32Array => {
  const ids = idsOf(datum);
  return Float32Array.from(datum.inputs.target_tokens!, (target, at) => rowLogProbs(table, ids[at]!)[target]!);
};

/** d loss / d log-prob of a position, by the protocol's formulas. */
const slopeOf = ({ name, config = {} }: EngineLoss, logProb: number, old: number, advantage: number): number => {
  const [low, high] = [config.clip_low_threshold ?? 0.8, config.clip_high_threshold ?? 1.2];
  const ratio = Math.exp(logProb - old);
  const bounded = Math.min(Math.max(ratio, low), high);
  if (name === "importance_sampling") return -ratio * advantage;
  if (name === "cispo") return -bounded * advantage;
  if (name === "ppo") return ratio * advantage <= bounded * advantage ? -ratio * advantage : 0;
  throw new Error(`no loss ${name}`);
};

/** Adds a datum's gradient to what waits for the next step. */
export const pass = (model: ScriptedModel, datum: EngineDatum, loss: EngineLoss, reduction: Reduction): void => {
  const ids = idsOf(datum);
  const { target_tokens: targets, weights, logprobs, advantages } = datum.inputs;
  const gradient = new Float64Array(size);
  const logProbs = scores(model.table, datum);
  for (const [at, before] of ids.entries()) {
    const slope =
      loss.name === "cross_entropy" ? -weights![at]! : slopeOf(loss, logProbs[at]!, logprobs![at]!, advantages![at]!);
    rowLogProbs(model.table, before).forEach((value, token) => {
      gradient[before * vocabulary + token]! += slope * (Number(token === targets![at]) - Math.exp(value));
    });
  }
  // an engine that takes means of tokens takes cross-entropy's by its weights
  const normalised = loss.name === "cross_entropy" && reduction === "sequenceTokenMean";
  const length = normalised ? Array.from(weights!).reduce((a, b) => a + b, 0) : ids.length;
  model.passed.push({ gradient, length });
};

/** The gradient of everything passed, by the engine's convention. */
export const reduced = ({ passed }: ScriptedModel, reduction: Reduction): Float64Array => {
  const sum = new Float64Array(size);
  const all = passed.reduce((total, { length }) => total + length, 0);
  for (const { gradient, length } of passed) {
    const share = {
      sum: 1,
      tokenMean: 1 / length,
      sequenceMean: 1 / passed.length,
      sequenceTokenMean: 1 / (length * passed.length),
      callMean: 1 / all,
    }[reduction];
    gradient.forEach((value, at) => {
      sum[at]! += value * share;
    });
  }
  return sum;
};

/** AdamW's step; gives the norm of the gradient. */
export const adamStep = (model: ScriptedModel, gradient: Float64Array, adam: EngineAdam): number => {
  const norm = Math.hypot(...gradient);
  model.steps += 1;
  gradient.forEach((value, at) => {
    model.first[at] = adam.beta1 * model.first[at]! + (1 - adam.beta1) * value;
    model.second[at] = adam.beta2 * model.second[at]! + (1 - adam.beta2) * value * value;
    const mean = model.first[at]! / (1 - adam.beta1 ** model.steps);
    const root = Math.sqrt(model.second[at]! / (1 - adam.beta2 ** model.steps));
    model.table[at]! -= adam.learningRate * (mean / (root + adam.epsilon) + adam.weightDecay * model.table[at]!);
  });
  model.passed = [];
  return norm;
};

/** A model without training. */
export const fresh = (): ScriptedModel => ({
  table: firstTable(),
  first: new Float64Array(size),
  second: new Float64Array(size),
  steps: 0,
  passed: [],
});

/** The likeliest continuation, always: what the scripted engine draws. */
export const drawn = (
  table: Float64Array,
  from: number,
  tokens: number,
  stop: readonly number[],
): readonly number[] => {
  const row = rowLogProbs(table, from);
  const token = row.indexOf(Math.max(...row));
  return tokens === 1 || stop.includes(token) ? [token] : [token, ...drawn(table, token, tokens - 1, stop)];
};
