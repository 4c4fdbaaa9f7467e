import { type Completion, fold, type Prompt, type Tensors, tagged, tensor, uniform } from "@msrl/core";
import type { PolicyError, Saved, TrainablePolicy, TrainingBatch } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";

/** A number for each completion of a prompt, by the prompt's id. */
type Table = Readonly<Record<string, readonly number[]>>;

/** A softmax over canned completions for each prompt, and the momentum of its optimizer. */
export interface ScriptedState {
  readonly logits: Table;
  readonly velocity: Table;
  readonly updates: number;
}

/** The completions that each prompt may get, by the prompt's id; each is one token. */
export type Script = Readonly<Record<string, readonly string[]>>;

const mapTable = (table: Table, f: (value: number, id: string, at: number) => number): Table =>
  Object.fromEntries(Object.entries(table).map(([id, row]) => [id, row.map((value, at) => f(value, id, at))]));

const logSoftmax = (row: readonly number[], temperature = 1): readonly number[] => {
  const scaled = row.map((value) => value / temperature);
  const total = Math.log(scaled.reduce((sum, value) => sum + Math.exp(value), 0));
  return scaled.map((value) => value - total);
};

/** The first place whose cumulated probability exceeds a uniform number. */
const draw = (logProbs: readonly number[], u: number): number => {
  let sum = 0;
  const at = logProbs.findIndex((value) => {
    sum += Math.exp(value);
    return u < sum;
  });
  return at < 0 ? logProbs.length - 1 : at;
};

const numbersOf = (
  options: Readonly<Record<string, unknown>>,
): { readonly rate: number; readonly momentum: number } => ({
  rate: (options.learningRate as { readonly learningRate: number }).learningRate,
  momentum: Number(options.momentum ?? 0),
});

const prefixed = (prefix: string, table: Table): Tensors =>
  Object.fromEntries(
    Object.entries(table).map(([id, row]) => [prefix + id, tensor("float64", [row.length], Float64Array.from(row))]),
  );

const tableOf = (prefix: string, { tensors }: Saved): Table =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { data }]) => [name.slice(prefix.length), Array.from(data as Float64Array)]),
  );

/**
 * A policy in plain TypeScript: for each prompt a softmax over canned completions, trained by its exact gradient.
 *
 * With weight w = advantage p / p_old of completion c and N completions in the batch, logit i of the prompt gets
 * gradient sum(w (1[i = c] - p_i)) / N; the optimizer is gradient ascent by the rate and momentum of an `sgd`.
 */
export const scriptedPolicy = (script: Script, name = "scripted"): TrainablePolicy<ScriptedState> => {
  const words = [...new Set(Object.values(script).flat())];
  const zero: Table = Object.fromEntries(Object.entries(script).map(([id, texts]) => [id, texts.map(() => 0)]));
  const placeOf = (id: string, token: number | undefined): number => script[id]!.indexOf(words[token!]!);
  const unknown = (prompts: readonly Prompt[]): PolicyError | undefined => {
    const stray = prompts.find(({ id }) => !script[id]);
    return stray && tagged("BadPrompt", `prompt ${stray.id} is not in the script`, { id: stray.id });
  };

  const gradientOf = ({ logits }: ScriptedState, batch: TrainingBatch): { gradient: Table; loss: number } => {
    const count = batch.reduce((sum, { completions }) => sum + completions.length, 0);
    const gradient = Object.fromEntries(Object.entries(zero).map(([id, row]) => [id, [...row]]));
    let loss = 0;
    for (const { prompt, completions } of batch) {
      const logProbs = logSoftmax(logits[prompt.id]!);
      for (const { tokenIds, advantage, oldLogProbs } of completions) {
        const chosen = placeOf(prompt.id, tokenIds[0]);
        const ratio = oldLogProbs ? Math.exp(logProbs[chosen]! - oldLogProbs[0]!) : 1;
        const weight = ((advantage as number) * ratio) / count;
        loss -= weight * logProbs[chosen]!;
        const row = gradient[prompt.id]!;
        for (const [at, value] of logProbs.entries()) row[at]! += weight * ((at === chosen ? 1 : 0) - Math.exp(value));
      }
    }
    return { gradient, loss };
  };

  return {
    name,
    gives: ["logProbs"],
    tokenize: (completion) => [words.indexOf(completion)],
    init: () => TE.right({ logits: zero, velocity: {}, updates: 0 }),
    sample: ({ logits }, prompts, { samples, temperature }, key) => {
      const stray = unknown(prompts);
      if (stray) return TE.left(stray);
      const rollout = (prompt: Prompt, place: number) => ({
        prompt,
        completions: Array.from({ length: samples }, (_, at): Completion => {
          const logProbs = logSoftmax(logits[prompt.id]!, Math.max(temperature, 1e-9));
          const chosen = draw(logProbs, uniform(fold(fold(key, place), at), 1)[0]!);
          const text = script[prompt.id]![chosen]!;
          return { text, tokenIds: [words.indexOf(text)], logProbs: [logProbs[chosen]!], truncated: false };
        }),
      });
      return TE.right(prompts.map(rollout));
    },
    logProbs: ({ logits }, sequences) =>
      TE.right(
        sequences.map(({ prompt, completions }) => {
          const logProbs = logSoftmax(logits[prompt.id]!);
          return completions.map(([token]) => Float32Array.of(logProbs[placeOf(prompt.id, token)]!));
        }),
      ),
    update: (state, batch, _, { transform }) => {
      const { rate, momentum } = numbersOf(transform.options);
      const { gradient, loss } = gradientOf(state, batch);
      const step = state.updates + 1;
      const bad = Object.keys(gradient).find((id) => !gradient[id]!.every(Number.isFinite));
      if (bad)
        return TE.left(tagged("NotFinite", `update ${step}: logits/${bad} is not finite`, { step, tensor: bad }));
      const velocity = mapTable(gradient, (value, id, at) => momentum * (state.velocity[id]?.[at] ?? 0) + value);
      const logits = mapTable(state.logits, (value, id, at) => value + rate * velocity[id]![at]!);
      const norm = Math.sqrt(
        Object.values(gradient)
          .flat()
          .reduce((sum, value) => sum + value ** 2, 0),
      );
      return TE.right({ state: { logits, velocity, updates: step }, metrics: { loss, gradient_norm: norm } });
    },
    save: ({ logits, velocity, updates }) =>
      TE.right({
        tensors: { ...prefixed("logits/", logits), ...prefixed("velocity/", velocity) },
        metadata: { updates: String(updates) },
      }),
    load: (saved, { optimizer = true } = {}) => {
      const logits = tableOf("logits/", saved);
      const own = Object.entries(zero).every(([id, row]) => logits[id]?.length === row.length);
      if (!own) return TE.left(tagged("BadCheckpoint", "these logits are not of this script", { reason: "logits" }));
      const held = optimizer ? { velocity: tableOf("velocity/", saved), updates: Number(saved.metadata.updates) } : {};
      return TE.fromEither(E.right({ logits, velocity: {}, updates: 0, ...held }));
    },
  };
};
