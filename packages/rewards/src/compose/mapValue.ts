import type { Reward } from "@msrl/core";
import { callable, checkArguments } from "./arguments.js";
import { thrownReason } from "./marks.js";
import { failed, mapMarks } from "./wrapped.js";

/**
 * A reward with each of its values put through a function; reasons are kept.
 *
 * `null` stays `null` and failures stay failures: the function sees numbers only. It may give `null`; if it throws or
 * gives a number that is not finite, that completion failed.
 *
 * @throws ConfigurationError if the function is none, or the reward.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { mapValue, perCompletion } from "@msrl/rewards";
 * const length = perCompletion("length", (text) => text.length || null);
 * const centred = mapValue((value) => 2 * value - 1)(length);
 * const judged = (text: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text, tokenIds: [], logProbs: [], truncated: false },
 *   reference: {},
 * });
 * assert.deepStrictEqual(await toPromise(centred([judged("ab"), judged("")])), [3, null]);
 * @since 0.1.0
 */
export const mapValue = (
  change: (value: number) => number | null,
): (<Reference>(reward: Reward<Reference>) => Reward<Reference>) => {
  checkArguments("mapValue", ["change", callable, change]);
  return (reward) =>
    mapMarks("mapValue", reward, (mark) => {
      if (mark.value === null) return mark;
      try {
        return { ...mark, value: change(mark.value) };
      } catch (thrown) {
        return failed(`the function threw: ${thrownReason(thrown)}`);
      }
    });
};
