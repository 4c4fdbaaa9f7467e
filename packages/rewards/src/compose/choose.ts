import type { Reward, Scorable } from "@msrl/core";
import { checkOptions, optional } from "@msrl/core/configuration";
import type { AllOf } from "./allOf.js";
import { callable, checkArguments, record, rewardRule } from "./arguments.js";
import { routed } from "./routed.js";

/** Rewards by the key of the completions that they are for. */
export type RewardCases = Readonly<Record<string, Reward<never>>>;

/** Settings of {@link choose}. */
export interface ChooseOptions<Otherwise extends Reward<never>> {
  /** For completions whose key has no reward; without it they have none: `null`, with a reason. */
  readonly otherwise?: Otherwise;
}

/** {@link choose} under the name that messages show. */
export const chooseAs = <Known, Cases extends RewardCases, Otherwise extends Reward<never>>(
  name: string,
  key: (scorable: Scorable<Known>) => string,
  cases: Cases,
  options: ChooseOptions<Otherwise>,
): Reward<Known & AllOf<Cases[keyof Cases] | Otherwise>> => {
  checkArguments(name, ["key", callable, key], ["cases", record, cases]);
  checkArguments(name, ...Object.entries(cases).map(([field, reward]) => [field, rewardRule, reward] as const));
  const { otherwise } = checkOptions<ChooseOptions<Otherwise>>(name, { otherwise: optional(rewardRule) }, {}, options);
  const rewards = new Map<string, Reward<never>>(Object.entries(cases));
  return routed(name, (scorable: Scorable<Known>) => {
    const found = key(scorable);
    return rewards.get(found) ?? otherwise ?? { value: null, reason: `there is no reward for ${found}` };
  });
};

/**
 * A reward that goes by a key: each completion is judged by the reward of its own case.
 *
 * Each reward sees its completions only, in their order, so those of a prompt stay together where the key is the same
 * for all of them; none is called for no completion. One that fails as a whole fails its own completions; a key that
 * throws fails its completion.
 *
 * @throws ConfigurationError if the key is no function, or a case no reward.
 * @example
 * import { type Scorable, toPromise } from "@msrl/core";
 * import { choose, format, perCompletion } from "@msrl/rewards";
 * const bySource = ({ reference }: Scorable<{ source: string }>) => reference.source;
 * const short = perCompletion("short", (text) => (text.length < 80 ? 1 : 0));
 * const reward = choose(bySource, { judge: format({ tags: ["answer"] }), chat: short });
 * const judged = (source: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text: "Hello", tokenIds: [], logProbs: [], truncated: false },
 *   reference: { source },
 * });
 * assert.deepStrictEqual(await toPromise(reward(["judge", "chat", "code"].map(judged))), [0, 1, null]);
 * @since 0.1.0
 */
export const choose = <
  Cases extends RewardCases,
  Otherwise extends Reward<never> = Reward<unknown>,
  Known = AllOf<Cases[keyof Cases] | Otherwise>,
>(
  key: (scorable: Scorable<Known>) => string,
  cases: Cases,
  options: ChooseOptions<Otherwise> = {},
): Reward<Known & AllOf<Cases[keyof Cases] | Otherwise>> => chooseAs("choose", key, cases, options);
