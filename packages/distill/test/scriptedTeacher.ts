import { type Completion, fold, type Prompt, uniform } from "@msrl/core";
import type { Policy } from "@msrl/core/policy";
import * as TE from "fp-ts/TaskEither";

/** Token ids of a text: its characters, and 0 for the end. */
export const characters = (text: string): readonly number[] => [...[...text].map((each) => each.codePointAt(0)!), 0];

/** Told of each call: which verb, and the ids of the prompts. */
export type OnCall = (verb: "sample" | "logProbs", ids: readonly string[]) => void;

/** What a prompt's completions are drawn from: by its id, or all alike. */
export type TextsOf = (prompt: Prompt) => readonly string[];

/** Log-prob of a token behind a prompt: a number that hangs on both. */
const logProbOf = (prompt: Prompt, id: number, at: number): number =>
  -((id * 7 + at * 3 + JSON.stringify(prompt.messages).length) % 16) / 16;

/** A teacher in plain TypeScript: draws texts by its key, and knows a log-prob of every token. */
export const scriptedTeacher = (textsOf: TextsOf, onCall: OnCall = () => undefined): Policy<null> => ({
  name: "scripted",
  gives: ["logProbs"],
  tokenize: characters,
  sample: (_, prompts, { samples }, key) => {
    onCall(
      "sample",
      prompts.map(({ id }) => id),
    );
    return TE.right(
      prompts.map((prompt, place) => {
        const texts = textsOf(prompt);
        const draws = uniform(fold(key, place), samples);
        const completions = Array.from(draws, (draw): Completion => {
          const text = texts[Math.floor(draw * texts.length)]!;
          const tokenIds = characters(text);
          const logProbs = tokenIds.map((id, at) => logProbOf(prompt, id, at) - draw / 2);
          return { text, tokenIds, logProbs, truncated: false };
        });
        return { prompt, completions };
      }),
    );
  },
  logProbs: (_, sequences) => {
    onCall(
      "logProbs",
      sequences.map(({ prompt }) => prompt.id),
    );
    return TE.right(
      sequences.map(({ prompt, completions }) =>
        completions.map((ids) => Float32Array.from(ids, (id, at) => logProbOf(prompt, id, at))),
      ),
    );
  },
});
