import type { Reward, Scorable } from "@msrl/core";
import type { AllOf } from "./allOf.js";
import { type ChooseOptions, chooseAs, type RewardCases } from "./choose.js";

/** What the choice is made by: a sample's task, one of core's `taskTypes` or a name of yours. */
interface Tasked {
  readonly task: string;
}

/**
 * A reward that goes by the sample's task: {@link choose} by `reference.task`.
 *
 * @throws ConfigurationError if a case is no reward.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, byTask, format } from "@msrl/rewards";
 * const reward = byTask({ text: accuracy() }, { otherwise: format({ tags: ["think", "answer"] }) });
 * const judged = (task: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false },
 *   reference: { task, label: "A" as const },
 * });
 * assert.deepStrictEqual(await toPromise(reward(["text", "image_generation"].map(judged))), [1, 0]);
 * @since 0.1.0
 */
export const byTask = <Cases extends RewardCases, Otherwise extends Reward<never> = Reward<unknown>>(
  cases: Cases,
  options: ChooseOptions<Otherwise> = {},
): Reward<Tasked & AllOf<Cases[keyof Cases] | Otherwise>> =>
  chooseAs("byTask", ({ reference }: Scorable<Tasked>) => reference.task, cases, options);
