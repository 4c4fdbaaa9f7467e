import type { Reward } from "@msrl/core";
import type { AllOf } from "./allOf.js";
import { extremeOf } from "./extreme.js";

/**
 * The greatest of several rewards, completion by completion: one good one is enough. The reason is that of the one that decides.
 *
 * Those that do not apply (`null`) are left out; `null` if none applies. A completion that failed in one of them failed.
 * The rewards run side by side; of those equally high the first decides.
 *
 * @throws ConfigurationError if there is no reward, or one of them is none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { format, maxOf } from "@msrl/rewards";
 * const either = maxOf(format({ tags: ["answer"] }), format({ tags: ["think", "answer"] }));
 * const completion = { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(either([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const maxOf = <Rewards extends readonly Reward<never>[]>(...rewards: Rewards): Reward<AllOf<Rewards[number]>> =>
  extremeOf("maxOf", rewards, (a, b) => a > b);
