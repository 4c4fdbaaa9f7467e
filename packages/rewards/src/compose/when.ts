import type { Reward, Scorable } from "@msrl/core";
import { callable, checkArguments, rewardRule } from "./arguments.js";
import { nameOf } from "./marks.js";
import { routed } from "./routed.js";

/**
 * A reward for the completions that a predicate holds for; to the others it does not apply (`null`).
 *
 * The reward inside sees its completions only, in their order: those of a prompt stay together. It is not called for
 * none. If it fails as a whole, its completions failed and no other; a predicate that throws fails its completion.
 *
 *     sum of when(p, r) and when(not p, r) = r        for every r that does not look at a completion's neighbours
 *
 * @throws ConfigurationError if the predicate is no function, or the reward none.
 * @example
 * import { type Scorable, toPromise } from "@msrl/core";
 * import { format, when } from "@msrl/rewards";
 * const whole = ({ completion }: Scorable<unknown>) => !completion.truncated;
 * const reward = when(whole, format({ tags: ["answer"] }));
 * const judged = (truncated: boolean) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated },
 *   reference: {},
 * });
 * assert.deepStrictEqual(await toPromise(reward([judged(false), judged(true)])), [1, null]);
 * @since 0.1.0
 */
export const when = <Reference, Known = Reference>(
  predicate: (scorable: Scorable<Known>) => boolean,
  reward: Reward<Reference>,
): Reward<Known & Reference> => {
  checkArguments("when", ["predicate", callable, predicate], ["reward", rewardRule, reward]);
  return routed<Known & Reference>(`when of ${nameOf(reward as Reward<never>)}`, (scorable) =>
    predicate(scorable) ? (reward as Reward<never>) : { value: null },
  );
};
