import { fold, type ScoredReward } from "@msrl/core";
import type { Advantage } from "@msrl/core/advantages";
import type { Loss } from "@msrl/core/losses";
import type { Optimizer } from "@msrl/core/optim";
import type { Sampling } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Json } from "../checkpoint/index.js";
import { goodSamples, type ReplayOptions, replayGroups } from "../flow/replay.js";
import { rolloutMetrics } from "../flow/rolloutMetrics.js";
import { scoreRollouts } from "../flow/score.js";
import { weighRollouts } from "../flow/weigh.js";
import type { Question } from "./question.js";
import type { Prepared, Stage, StageError, StepContext } from "./stage.js";

/** What a stage of group-relative policy optimisation is made of. */
export interface GrpoOptions<Reference> {
  readonly name: string;
  readonly questions: readonly Question<Reference>[];
  readonly steps: number;
  /** Prompts a step. */
  readonly batchSize: number;
  readonly sampling: Sampling;
  readonly reward: ScoredReward<Reference>;
  readonly advantage: Advantage<number | readonly number[]>;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly replay?: ReplayOptions;
  /** Keeps completions of at least this total reward for a later stage's replay, `keep.limit` prompts at most. */
  readonly keep?: { readonly threshold: number; readonly limit: number };
  readonly settings?: Readonly<Record<string, Json>>;
}

/**
 * A stage of reinforcement learning: sample a group for each prompt, score it, learn from its advantages.
 *
 * (Shao et al., DeepSeekMath, 2024, https://arxiv.org/abs/2402.03300; MSRL's stages 1b, 2a and 3)
 *
 * @since 0.1.0
 */
export const grpoStage = <State, Reference>(options: GrpoOptions<Reference>): Stage<State> => {
  const { questions, sampling, replay, keep } = options;
  const score = scoreRollouts(options.reward);
  const weigh = weighRollouts(options.advantage);

  const prepare = ({ policy, state, key, items }: StepContext<State>): TE.TaskEither<StageError, Prepared> => {
    const asked = items.map((at) => questions[at]!);
    return pipe(
      policy.sample(
        state,
        asked.map(({ prompt }) => prompt),
        sampling,
        fold(key, "sample"),
      ),
      TE.chainW((rollouts) => score(asked, rollouts)),
      TE.map((scored) => ({
        batch: [
          ...weigh(scored),
          ...(replay ? replayGroups(replay, asked.length, sampling.samples, fold(key, "replay")) : []),
        ],
        metrics: rolloutMetrics(scored),
        kept: keep ? goodSamples(scored, keep.threshold) : [],
      })),
    );
  };

  return {
    name: options.name,
    kind: "grpo",
    steps: options.steps,
    batchSize: options.batchSize,
    items: questions.length,
    loss: options.loss,
    optimizer: options.optimizer,
    ...(keep && { keep: keep.limit }),
    settings: {
      ...options.settings,
      sampling: { ...sampling },
      ...(replay && { replay: { items: replay.from.length, new_per_old: replay.newPerOld, weight: replay.weight } }),
    },
    prepare,
  };
};
