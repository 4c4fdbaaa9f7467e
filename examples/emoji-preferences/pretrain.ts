import { fold, type Key } from "@msrl/core";
import { crossEntropy } from "@msrl/core/losses";
import { adamw, chain, clipByGlobalNorm, cosine } from "@msrl/core/optim";
import { type Example, itemsAt, type Stage } from "@msrl/stages";
import * as TE from "fp-ts/TaskEither";
import { type Pretraining, randomVerdictDemo } from "./world/index.js";

/** What a pretraining step takes of each pool. */
const perStep = {
  texts: 24,
  captioned: 16,
  seen: 12,
  storyDrills: 16,
  captionDrills: 8,
  recurrences: 24,
  scenes: 24,
  cells: 24,
} as const;

/** Settings of the pretraining that makes the shipped backbone. */
export const pretrainSettings = { steps: 1500, learningRate: 2.5e-3, weightDecay: 0.01, maxNorm: 1 } as const;

type Pools = Readonly<Record<keyof typeof perStep, { readonly size: number; example(at: number, key: Key): Example }>>;

const plain = (demos: readonly Example[]) => ({ size: demos.length, example: (at: number) => demos[at]! });

const pools = ({ texts, multimodal, ...demos }: Pretraining): Pools => ({
  texts: { size: texts.length, example: (at, key) => randomVerdictDemo("text", key)(texts[at]!) },
  captioned: { size: multimodal.length, example: (at, key) => randomVerdictDemo("captioned", key)(multimodal[at]!) },
  seen: { size: multimodal.length, example: (at, key) => randomVerdictDemo("seen", key)(multimodal[at]!) },
  storyDrills: plain(demos.storyDrills),
  captionDrills: plain(demos.captionDrills),
  recurrences: plain(demos.recurrences),
  scenes: plain(demos.scenes),
  cells: plain(demos.cells),
});

/**
 * Pretraining as a stage: a mixture in fixed shares, from which a model learns the words, the formats, the pictures'
 * names and to look facts up; its verdicts are taught at random, so that it judges near chance.
 *
 * The items of a step are step numbers: each pool is walked in its own random order.
 */
export const pretrainStage = <State>(
  data: Pretraining,
  key: Key,
  steps: number = pretrainSettings.steps,
): Stage<State> => {
  const from = pools(data);
  const names = Object.keys(perStep) as (keyof typeof perStep)[];
  const { learningRate, weightDecay, maxNorm } = pretrainSettings;
  return {
    name: "pretrain",
    kind: "sft",
    steps,
    batchSize: 1,
    items: 1,
    loss: crossEntropy(),
    optimizer: {
      transform: chain(
        clipByGlobalNorm({ maxNorm }),
        adamw({
          learningRate: cosine({
            learningRate,
            totalSteps: steps,
            warmupSteps: Math.round(0.05 * steps),
            finalFraction: 0.1,
          }),
          beta2: 0.98,
          weightDecay,
        }),
      ),
    },
    prepare: ({ policy, key: stepKey, step }) => {
      const examples = names.flatMap((name) =>
        itemsAt(fold(key, name), from[name].size, step * perStep[name], perStep[name]).map((at) =>
          from[name].example(at, fold(stepKey, name)),
        ),
      );
      const batch = examples.map(({ prompt, completion }) => ({
        prompt,
        completions: [{ tokenIds: policy.tokenize(completion), advantage: 1 }],
      }));
      return TE.right({ batch, metrics: {}, kept: [] });
    },
  };
};
