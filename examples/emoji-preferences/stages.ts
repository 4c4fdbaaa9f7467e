import type { PreferenceSample, ScoredReward } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { crossEntropy, grpo } from "@msrl/core/losses";
import {
  adamw,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  linear,
  type Optimizer,
  type Schedule,
} from "@msrl/core/optim";
import { accuracy, format, msrlWeights, taskType, weightedSum } from "@msrl/rewards";
import {
  type Example,
  grpoStage,
  type Question,
  type ReplayItem,
  type ReplayOptions,
  type Stage,
  sftStage,
} from "@msrl/stages";
import { maxTokens, type RlSettings } from "./settings.js";
import type { Mode } from "./world/index.js";

/** What each form asks a completion to have, in this order. */
export const tags = {
  text: ["think", "answer"],
  captioned: ["type", "think", "answer"],
  seen: ["type", "caption", "think", "answer"],
} as const satisfies Record<Mode, readonly string[]>;

/** Stage names in the paper's order. */
export const stageTitles = {
  coldStart: "1a SFT cold start",
  textRl: "1b text GRPO",
  captionRl: "2a caption GRPO",
  cmkd: "2b CMKD",
  multimodalRl: "3 multimodal GRPO",
  multimodalOnly: "multimodal only",
} as const;

/** One of the stages of the demo. */
export type StageName = keyof typeof stageTitles;

/** Up to CMKD only the language part learns, as in the paper: the vision tower and the projector stay as they are. */
const languageOnly = ["language"] as const;

/** The reward of MSRL: accuracy, format, and from stage 2 on the task type. */
export const rewardFor = (mode: Mode): ScoredReward<PreferenceSample> => {
  const parts = {
    accuracy: { reward: accuracy(), weight: msrlWeights.accuracy },
    format: { reward: format({ tags: tags[mode] }), weight: msrlWeights.format },
  };
  return mode === "text"
    ? weightedSum(parts)
    : weightedSum({ ...parts, task: { reward: taskType(), weight: msrlWeights.task } });
};

const optimizer = (learningRate: Schedule, trains?: readonly string[]): Optimizer => ({
  transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate, beta2: 0.98, weightDecay: 0.01 })),
  ...(trains && { trains }),
});

const schedule = ({ learningRate, warmupSteps, finalFraction, steps }: RlSettings): Schedule =>
  finalFraction === 1
    ? constant({ learningRate, warmupSteps })
    : linear({ learningRate, warmupSteps, totalSteps: steps, finalFraction });

/** Supervised stages: 1a on rationales, 2b on CMKD's examples. */
export const imitate = <State>(
  name: StageName,
  examples: readonly Example[],
  {
    steps,
    batchSize,
    learningRate,
  }: { readonly steps: number; readonly batchSize: number; readonly learningRate: number },
): Stage<State> =>
  sftStage({
    name,
    examples,
    steps,
    batchSize,
    loss: crossEntropy({ reportEntropy: true }),
    optimizer: optimizer(
      cosine({ learningRate, totalSteps: steps, warmupSteps: Math.round(0.05 * steps), finalFraction: 0.1 }),
      name === "coldStart" ? languageOnly : undefined,
    ),
  });

/** Reinforcement stages: 1b on text, 2a on captions, 3 on images and videos. */
export const reinforce = <State>(
  name: StageName,
  mode: Mode,
  questions: readonly Question<PreferenceSample>[],
  settings: RlSettings,
  options: { readonly replay?: ReplayOptions; readonly keep?: number } = {},
): Stage<State> =>
  grpoStage({
    name,
    questions,
    steps: settings.steps,
    batchSize: settings.batchSize,
    sampling: { samples: settings.samples, temperature: 1, maxTokens: maxTokens[mode] },
    reward: rewardFor(mode),
    advantage: groupRelative({ scale: "none" }),
    loss: grpo({ epsilonLow: 0.2, epsilonHigh: 0.28, beta: 0, reportEntropy: true }),
    optimizer: optimizer(schedule(settings), mode === "seen" ? undefined : languageOnly),
    ...(options.replay && { replay: options.replay }),
    ...(options.keep && { keep: { threshold: msrlWeights.accuracy + msrlWeights.format, limit: options.keep } }),
  });

/** A CMKD example up to the end of its caption, to be replayed so that captions stay what they were. */
export const captionReplay = (
  examples: readonly Example[],
  tokenize: (text: string) => readonly number[],
): readonly ReplayItem[] =>
  examples.map(({ prompt, completion }) => {
    const end = "</caption>";
    const text = completion.slice(0, completion.indexOf(end) + end.length);
    return { prompt, completions: [{ text, tokenIds: tokenize(text).slice(0, -1) }] };
  });
