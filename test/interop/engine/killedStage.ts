import { key, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grpo } from "@msrl/core/losses";
import { adamw, linear } from "@msrl/core/optim";
import type { TinkerState, TrainedState } from "@msrl/core/tinker";
import { perCompletion, weightedSum } from "@msrl/rewards";
import { grpoStage, runStage } from "@msrl/stages";
import { type EngineOptions, enginePolicy, idPrompt } from "./policies.js";

const steps = 4;
const questions = [idPrompt([5, 9, 30]), idPrompt([7, 8, 41])].map((prompt) => ({ prompt, reference: {} }));
const small = perCompletion("small", (text) => text.split(" ").filter((id) => Number(id) < 168).length / 4);

const stage = grpoStage({
  name: "killed",
  questions,
  steps,
  batchSize: 2,
  sampling: { samples: 4, temperature: 1, maxTokens: 4 },
  reward: weightedSum({ small: { reward: small, weight: 1 } }),
  advantage: groupRelative({ scale: "none" }),
  loss: grpo({ correctedKl: true, beta: 0.01 }),
  optimizer: { transform: adamw({ learningRate: linear({ learningRate: 0.01, totalSteps: 8 }) }) },
  referenceState: { type: "base" } as TinkerState,
});

/** A short stage with a checkpoint each step, resumed where there is one; its curves and the log-probs it ends with. */
export const killedStage = async (options: EngineOptions, folder: string): Promise<string> => {
  const policy = enginePolicy(options);
  const run = key(3);
  const checkpoint = { folder, every: 1, resume: true };
  try {
    const state = await toPromise(policy.init(run));
    const result = await runStage(stage, { policy, state, key: run, checkpoint });
    const asked = questions.map(({ prompt }) => ({ prompt, completions: [[11, 20, 31, 318]] }));
    const scored = await toPromise(policy.logProbs(result.state, asked));
    const { step, updates } = result.state as TrainedState;
    const logProbs = scored.flat().map((row) => Array.from(row));
    return JSON.stringify({ step, updates, logProbs, rewards: result.steps.map(({ metrics }) => metrics.reward) });
  } finally {
    await policy.close()();
  }
};
