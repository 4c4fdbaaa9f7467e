import type { Prompt } from "@msrl/core";
import type { Policy, PolicyError, Sequences } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Ask } from "./measure.js";

/** A policy with its weights, as what scores given tokens. */
export interface Scorer<State> {
  readonly policy: Pick<Policy<State>, "tokenize" | "logProbs">;
  readonly state: State;
}

/** Log-probs by ask: one number a token, in nats at temperature 1; of no tokens none. */
export type Reply = (ask: Ask) => ArrayLike<number>;

/** Everything asked, each once: token ids by prompt, and by what they are. */
const collected = (asks: readonly Ask[]): ReadonlyMap<Prompt, ReadonlyMap<string, readonly number[]>> => {
  const rows = new Map<Prompt, Map<string, readonly number[]>>();
  for (const { prompt, tokenIds } of asks) {
    if (tokenIds.length === 0) continue;
    const own = rows.get(prompt) ?? new Map<string, readonly number[]>();
    rows.set(prompt, own.set(tokenIds.join(" "), tokenIds));
  }
  return rows;
};

/** Asks a policy's verb for everything in one call, each sequence once; no call where nothing is asked, nor of no tokens. */
export const askOnce = <Result>(
  verb: (sequences: readonly Sequences[]) => TE.TaskEither<PolicyError, readonly (readonly Result[])[]>,
  asks: readonly Ask[],
  none: Result,
): TE.TaskEither<PolicyError, (ask: Ask) => Result> => {
  const rows = [...collected(asks)].map(([prompt, own]) => ({ prompt, own }));
  if (rows.length === 0) return TE.right(() => none);
  const sequences = rows.map(({ prompt, own }) => ({ prompt, completions: [...own.values()] }));
  return pipe(
    verb(sequences),
    TE.map((scored) => {
      const answers = new Map(
        rows.map(({ prompt, own }, p) => [prompt, new Map([...own.keys()].map((name, c) => [name, scored[p]![c]!]))]),
      );
      return ({ prompt, tokenIds }) => (tokenIds.length === 0 ? none : answers.get(prompt)!.get(tokenIds.join(" "))!);
    }),
  );
};

/** Scores everything asked in one call, each sequence once; no call where nothing is asked. Prompts are told apart as objects. */
export const scoreAsks = <State>(
  { policy, state }: Scorer<State>,
  asks: readonly Ask[],
): TE.TaskEither<PolicyError, Reply> =>
  askOnce<ArrayLike<number>>((sequences) => policy.logProbs(state, sequences), asks, []);
