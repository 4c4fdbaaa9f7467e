import type { RewardError, SavedRollout } from "@msrl/core";
import { completionOf, toPromise } from "@msrl/core";
import type { Rule } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkArguments, rewardRule } from "../compose/arguments.js";
import { type AnyReward, scoresOf } from "../compose/scoresOf.js";
import { compareScores, type ScoreChange } from "./compareScores.js";

/** A run scored again: its rollouts with their new scores, in their order, and what changed. */
export interface Rescored<Reference> {
  readonly rollouts: readonly SavedRollout<Reference>[];
  readonly change: ScoreChange;
}

/** The name of a reward of a single number, under which its values are compared. */
const partName = (reward: AnyReward<never>): string => reward.name || "total";

/** The rollouts of one step with their new scores: one call of the reward for all completions, as in a run. */
const rescoreStep = <Reference>(
  step: number,
  rollouts: readonly SavedRollout<Reference>[],
  reward: AnyReward<Reference>,
): TE.TaskEither<RewardError, readonly SavedRollout<Reference>[]> => {
  const batch = rollouts.flatMap(({ prompt, completions, reference }) =>
    completions.map((completion) => ({ prompt, completion: completionOf(completion), reference })),
  );
  return pipe(
    scoresOf(partName(reward), reward, batch, { step }),
    TE.map((scores) => {
      let at = 0;
      return rollouts.map((rollout) => ({
        ...rollout,
        completions: rollout.completions.map((completion) => ({ ...completion, score: scores[at++]! })),
      }));
    }),
  );
};

const rolloutsRule: Rule = { wanted: "a list of saved rollouts", fits: Array.isArray };

/** The TaskEither door of {@link rescore}. */
export const rescoreTask =
  <Reference>(
    saved: readonly SavedRollout<Reference>[],
    reward: AnyReward<Reference>,
  ): TE.TaskEither<RewardError, Rescored<Reference>> =>
  async () => {
    const steps = new Map<number, number[]>();
    for (const [at, { step }] of saved.entries()) steps.set(step, [...(steps.get(step) ?? []), at]);
    const rollouts = [...saved];
    for (const [step, places] of steps) {
      const own = places.map((at) => saved[at]!);
      const scored = await rescoreStep(step, own, reward)();
      if (E.isLeft(scored)) return scored;
      for (const [index, at] of places.entries()) rollouts[at] = scored.right[index]!;
    }
    return E.right({ rollouts, change: compareScores(saved, rollouts) });
  };

/**
 * Scores the saved rollouts of a finished run again, without any model, and tells what changes.
 *
 * The reward is called once a step, told the step, with all completions of the step in their order: so curricula and
 * rewards that compare a group see what they see in a run. A reward of a single number is a part of its own name, which a
 * completion that it cannot judge fails alone. Saved rollouts hold no pictures; for a judge that looks at them, put the
 * prompts of the data in first.
 *
 * @throws RewardError of a reward that fails as a whole.
 * @throws ConfigurationError if there are no rollouts, or no reward.
 * @example
 * import { accuracy, describeChange, format, rescore, weightedSum } from "@msrl/rewards";
 * const score = { value: 1, parts: { accuracy: 1 } };
 * const saved = [{
 *   step: 0,
 *   prompt: { id: "q1", messages: [] },
 *   completions: [{ text: "<answer>A</answer>", score }, { text: "<think>x</think><answer>A</answer>", score }],
 *   reference: { label: "A" as const },
 * }];
 * const { rollouts, change } = await rescore(saved, weightedSum({
 *   accuracy: { reward: accuracy(), weight: 1 },
 *   format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
 * }));
 * assert.deepStrictEqual(rollouts[0].completions.map(({ score }) => score.value), [1, 1.2]);
 * assert.strictEqual(change.total.changed, 1);
 * console.log(describeChange(change));
 * @since 0.1.0
 */
export const rescore = async <Reference>(
  saved: readonly SavedRollout<Reference>[],
  reward: AnyReward<Reference>,
): Promise<Rescored<Reference>> => {
  checkArguments("rescore", ["rollouts", rolloutsRule, saved], ["reward", rewardRule, reward]);
  return toPromise(rescoreTask(saved, reward));
};
