import type { EngineAdam, EngineLoss } from "../../src/tinker/client.js";

/** A sequence as the scripted model reads it. */
export interface BigramDatum {
  readonly tokens: readonly number[];
  /** By the engine's names. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

/** A model whose log-probs are the softmax of a row of a table, one row a token: every gradient can be had by hand. */
export interface Bigram {
  readonly vocabulary: number;
  /** [V, V] */
  readonly table: Float64Array;
  readonly gradient: Float64Array;
  readonly moments: readonly [Float64Array, Float64Array];
  steps: number;
  /** Sequences whose gradient waits for a step. */
  sequences: number;
}

/** A fresh model: a table that is not flat. */
export const bigram = (vocabulary: number): Bigram => {
  const size = vocabulary * vocabulary;
  const zeros = () => new Float64Array(size);
  const table = Float64Array.from({ length: size }, (_, at) => ((at * 7) % 11) / 11 - 0.5);
  return { vocabulary, table, gradient: zeros(), moments: [zeros(), zeros()], steps: 0, sequences: 0 };
};

/** Log-probs of all tokens after one. [V] */
export const nextLogProbs = ({ table, vocabulary }: Bigram, token: number): Float64Array => {
  const row = table.slice(token * vocabulary, (token + 1) * vocabulary);
  const sum = row.reduce((total, logit) => total + Math.exp(logit), 0);
  return row.map((logit) => logit - Math.log(sum));
};

/** Log-probs of the targets of a sequence. */
export const targetLogProbs = (model: Bigram, { tokens, inputs }: BigramDatum): readonly number[] =>
  tokens.map((token, at) => nextLogProbs(model, token)[inputs.target_tokens![at]!]!);

const clip = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** d loss / d log-prob of one token, summed losses. */
const slope = ({ name, config }: EngineLoss, inputs: BigramDatum["inputs"], at: number, logProb: number): number => {
  if (name === "cross_entropy") return -(inputs.weights?.[at] ?? 1);
  const advantage = inputs.advantages![at]!;
  const ratio = Math.exp(logProb - inputs.logprobs![at]!);
  if (name === "importance_sampling") return -ratio * advantage;
  const [low, high] = [config?.clip_low_threshold ?? 0.8, config?.clip_high_threshold ?? 1.2];
  if (name === "cispo") return -clip(ratio, low, high) * advantage;
  return ratio * advantage <= clip(ratio, low, high) * advantage ? -ratio * advantage : 0;
};

/** Adds the gradient of a batch; `mean`: each sequence by its length, as some engines do. */
export const accumulate = (
  model: Bigram,
  data: readonly BigramDatum[],
  loss: EngineLoss,
  reduction: "sum" | "mean",
): void => {
  const { vocabulary, gradient } = model;
  for (const datum of data) {
    const scale = reduction === "mean" ? 1 / datum.tokens.length : 1;
    for (const [at, token] of datum.tokens.entries()) {
      const logProbs = nextLogProbs(model, token);
      const target = datum.inputs.target_tokens![at]!;
      const g = slope(loss, datum.inputs, at, logProbs[target]!) * scale;
      for (let v = 0; v < vocabulary; v++)
        gradient[token * vocabulary + v]! += g * ((v === target ? 1 : 0) - Math.exp(logProbs[v]!));
    }
    model.sequences++;
  }
};

/** AdamW; the norm of the gradient before it. */
export const step = (model: Bigram, adam: EngineAdam, reduction: "sum" | "mean"): number => {
  const { table, gradient, moments } = model;
  const [first, second] = moments;
  const scale = reduction === "mean" ? 1 / Math.max(model.sequences, 1) : 1;
  const count = ++model.steps;
  let squares = 0;
  for (let at = 0; at < table.length; at++) {
    const g = gradient[at]! * scale;
    squares += g * g;
    first[at] = adam.beta1 * first[at]! + (1 - adam.beta1) * g;
    second[at] = adam.beta2 * second[at]! + (1 - adam.beta2) * g * g;
    const root = Math.sqrt(second[at]! / (1 - adam.beta2 ** count)) + adam.epsilon;
    const update = first[at]! / (1 - adam.beta1 ** count) / root + adam.weightDecay * table[at]!;
    table[at]! -= adam.learningRate * update;
  }
  gradient.fill(0);
  model.sequences = 0;
  return Math.sqrt(squares);
};

/** A copy; without the optimizer's state where it is not wanted. */
export const copy = ({ vocabulary, table, moments, steps }: Bigram, optimizer: boolean): Bigram => ({
  ...bigram(vocabulary),
  table: table.slice(),
  ...(optimizer && { moments: [moments[0].slice(), moments[1].slice()], steps }),
});

/** The token at a place, from 0 to 1, of the distribution behind the last one. */
export const drawToken = (model: Bigram, last: number, temperature: number, at: number): number => {
  const logits = Array.from(nextLogProbs(model, last), (logProb) => logProb / Math.max(temperature, 1e-6));
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const place = at * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((_, token) => weights.slice(0, token + 1).reduce((sum, one) => sum + one, 0) > place);
  return found < 0 ? weights.length - 1 : found;
};
