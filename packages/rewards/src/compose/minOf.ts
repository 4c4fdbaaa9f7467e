import type { Reward } from "@msrl/core";
import type { AllOf } from "./allOf.js";
import { extremeOf } from "./extreme.js";

/**
 * The least of several rewards, completion by completion: all have to be good. The reason is that of the one that decides.
 *
 * Those that do not apply (`null`) are left out; `null` if none applies. A completion that failed in one of them failed.
 * The rewards run side by side; of those equally low the first decides.
 *
 * @throws ConfigurationError if there is no reward, or one of them is none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, format, minOf } from "@msrl/rewards";
 * const both = minOf(accuracy(), format({ tags: ["think", "answer"] }));
 * const completion = { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" as const } };
 * assert.deepStrictEqual(await toPromise(both([judged])), [0]);
 * @since 0.1.0
 */
export const minOf = <Rewards extends readonly Reward<never>[]>(...rewards: Rewards): Reward<AllOf<Rewards[number]>> =>
  extremeOf("minOf", rewards, (a, b) => a < b);
