import type { Prompt, ScoredReward } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grpo } from "@msrl/core/losses";
import { sgd } from "@msrl/core/optim";
import * as TE from "fp-ts/TaskEither";
import { type GrpoOptions, grpoStage, type Question, type Stage } from "../src/index.js";
import { type Script, type ScriptedState, scriptedPolicy } from "./scriptedPolicy.js";

/** Three prompts of four answers each. */
export const script: Script = Object.fromEntries(["q0", "q1", "q2"].map((id) => [id, ["A", "B", "C", "?"]]));

export const policy = scriptedPolicy(script);

export const promptOf = (id: string): Prompt => ({ id, messages: [] });

/** What is right: A, B and C in turn. */
export const questions: readonly Question<string>[] = ["A", "B", "C"].map((reference, at) => ({
  prompt: promptOf(`q${at}`),
  reference,
}));

/** 1 for the right answer, else 0; told as one part. */
export const exact: ScoredReward<string> = (batch) =>
  TE.right(
    batch.map(({ completion, reference }) => {
      const value = completion.text === reference ? 1 : 0;
      return { value, parts: { exact: value } };
    }),
  );

/** A GRPO stage over the questions. */
export const scriptedStage = (options: Partial<GrpoOptions<string>> = {}): Stage<ScriptedState> =>
  grpoStage({
    name: "rl",
    questions,
    steps: 12,
    batchSize: 2,
    sampling: { samples: 6, temperature: 1, maxTokens: 1 },
    reward: exact,
    advantage: groupRelative({ scale: "none" }),
    loss: grpo(),
    optimizer: { transform: sgd({ learningRate: 2, momentum: 0.5 }) },
    ...options,
  });
