import { groupRelative } from "@msrl/core/advantages";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { adamw, chain, clipByGlobalNorm, constant, type Optimizer } from "@msrl/core/optim";
import { accuracy, format, weightedSum } from "@msrl/rewards";
import { grpoStage, type Stage, sftStage } from "@msrl/stages";
import type { Preference } from "./preferences.js";
import { bothOrders } from "./questions.js";

/** How long and how fast a judge learns. */
export interface Settings {
  readonly sftSteps: number;
  readonly rlSteps: number;
  /** Questions a step, in both stages. */
  readonly batchSize: number;
  /** Judgements drawn for a question in GRPO. */
  readonly samples: number;
  readonly sftRate: number;
  readonly rlRate: number;
}

/** What the README's run used. */
export const defaultSettings: Settings = {
  sftSteps: 40,
  rlSteps: 60,
  batchSize: 8,
  samples: 8,
  sftRate: 5e-4,
  rlRate: 5e-5,
};

/** Tokens that an answer may take. */
export const maxTokens = 16;

const optimizer = (learningRate: number, steps: number): Optimizer => ({
  transform: chain(
    clipByGlobalNorm({ maxNorm: 1 }),
    adamw({ learningRate: constant({ learningRate, warmupSteps: Math.min(5, steps) }), weightDecay: 0 }),
  ),
});

/** Supervised: the answer format, with the right letter in it. */
export const formatStage = <State>(pairs: readonly Preference[], settings: Settings): Stage<State> =>
  sftStage({
    name: "format",
    examples: bothOrders(pairs).map(({ prompt, reference }) => ({
      prompt,
      completion: `<answer>${reference.label}</answer>`,
    })),
    steps: settings.sftSteps,
    batchSize: settings.batchSize,
    loss: crossEntropy(),
    optimizer: optimizer(settings.sftRate, settings.sftSteps),
  });

/** GRPO: 1 for the right letter, a half for the format, and nothing else. */
export const judgeStage = <State>(pairs: readonly Preference[], settings: Settings): Stage<State> =>
  grpoStage({
    name: "judge",
    questions: bothOrders(pairs),
    steps: settings.rlSteps,
    batchSize: settings.batchSize,
    sampling: { samples: settings.samples, temperature: 1, maxTokens },
    reward: weightedSum({
      accuracy: { reward: accuracy(), weight: 1 },
      format: { reward: format({ tags: ["answer"] }), weight: 0.5 },
    }),
    advantage: groupRelative({ scale: "none" }),
    loss: grpo({ epsilonHigh: 0.28, beta: 0 }),
    optimizer: optimizer(settings.rlRate, settings.rlSteps),
  });
