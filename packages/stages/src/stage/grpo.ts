import { fold } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { withReference } from "../flow/reference.js";
import { goodSamples, replayGroups } from "../flow/replay.js";
import { rolloutMetrics } from "../flow/rolloutMetrics.js";
import { saveRollouts } from "../flow/saveRollouts.js";
import { scoreRollouts } from "../flow/score.js";
import { weighRollouts } from "../flow/weigh.js";
import { checkGrpo } from "./checkGrpo.js";
import type { GrpoOptions } from "./grpoOptions.js";
import type { Prepared, Stage, StageError, StepContext } from "./stage.js";

/** One step's batch: sample -> score -> advantage, then the replayed groups. */
const prepareGrpo = <State, Reference>(options: GrpoOptions<Reference, State>): Stage<State>["prepare"] => {
  const { questions, sampling, replay, keep } = options;
  const score = scoreRollouts(options.reward);
  const weigh = weighRollouts(options.advantage, { maskTruncated: options.maskTruncated ?? false });
  const save = options.rollouts === undefined ? undefined : saveRollouts<Reference>(options.rollouts);

  return ({ policy, state, step, key, items }: StepContext<State>): TE.TaskEither<StageError, Prepared> => {
    const asked = items.map((at) => questions[at]!);
    const prompts = asked.map(({ prompt }) => prompt);
    const replayed = { step, fresh: asked.length, samples: sampling.samples, key: fold(key, "replay") };
    return pipe(
      policy.sample(state, prompts, sampling, fold(key, "sample")),
      TE.chainW((rollouts) => score(asked, rollouts, { step })),
      TE.chainW((scored) => (save ? save(step, asked, scored) : TE.right(scored))),
      TE.chainW((scored) =>
        pipe(
          TE.fromEither(weigh(scored)),
          TE.map((weighed) => [...weighed, ...(replay ? replayGroups(replay, replayed) : [])]),
          TE.chainW((batch) => withReference(policy, options.referenceState, batch)),
          TE.map((batch) => ({
            batch,
            metrics: rolloutMetrics(scored),
            kept: keep ? goodSamples(scored, keep.threshold) : [],
          })),
        ),
      ),
    );
  };
};

/**
 * A stage of reinforcement learning: sample a group for each prompt, score it, learn from its advantages.
 *
 * The batch of a step is `batchSize` groups of `sampling.samples` completions, and the replayed groups where there is a
 * `replay`; completions whose reward is `null` have advantage 0. Metrics: those of the loss and the optimizer, and
 * `reward`, `reward/<part>`, `completion_length`, `truncated`, `zero_variance` of the new groups.
 *
 * Shao et al., DeepSeekMath (2024), https://arxiv.org/abs/2402.03300; MSRL's stages 1b, 2a and 3.
 *
 * @throws StageConfiguration with every option that cannot be, unknown ones among them.
 * @example
 * import { groupRelative } from "@msrl/core/advantages";
 * import { grpo } from "@msrl/core/losses";
 * import { adamw } from "@msrl/core/optim";
 * import { accuracy, weightedSum } from "@msrl/rewards";
 * import { grpoStage } from "@msrl/stages";
 * const stage = grpoStage({
 *   name: "text",
 *   questions: [{ prompt: { id: "q1", messages: [] }, reference: { label: "A" as const } }],
 *   steps: 100,
 *   batchSize: 8,
 *   sampling: { samples: 8, temperature: 1, maxTokens: 64 },
 *   reward: weightedSum({ accuracy: { reward: accuracy(), weight: 1 } }),
 *   advantage: groupRelative({ scale: "none" }),
 *   loss: grpo({ epsilonHigh: 0.28 }),
 *   optimizer: { transform: adamw({ learningRate: 1e-6 }) },
 * });
 * assert.deepStrictEqual([stage.kind, stage.items, stage.batchSize], ["grpo", 1, 8]);
 * @since 0.1.0
 */
export const grpoStage = <State, Reference>(options: GrpoOptions<Reference, State>): Stage<State> => {
  checkGrpo(options);
  const { questions, sampling, replay, keep } = options;
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
    prepare: prepareGrpo(options),
  };
};
