import type { Mark, Reward } from "@msrl/core";
import { pipe } from "fp-ts/function";
import type { Monoid } from "fp-ts/Monoid";
import * as TE from "fp-ts/TaskEither";
import { checkArguments, rewardRule } from "./arguments.js";
import { fromMarks } from "./fromMarks.js";
import { joined, marksOf } from "./marks.js";

const plus = (a: Mark, b: Mark): Mark => {
  const reason = joined(a.reason, b.reason);
  const failure = joined(a.failure, b.failure);
  const value = a.value === null || b.value === null ? (a.value ?? b.value) : a.value + b.value;
  return {
    value: failure === undefined ? value : null,
    ...(reason !== undefined && { reason }),
    ...(failure !== undefined && { failure }),
  };
};

/**
 * Rewards under sum, completion by completion. `null` (not applicable) adds nothing: x + null = x, null + null = null.
 *
 *     concat(a, concat(b, c)) = concat(concat(a, b), c)        concat(empty, a) = a = concat(a, empty)
 *
 * (the first exactly where the sums are exact in float64). `empty` applies to no completion. A completion that failed
 * in one of them failed. Of two errors the left one is kept; a result of the wrong length is a `RewardError`.
 * `weightedSum` adds names and weights.
 *
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletion, rewardMonoid } from "@msrl/rewards";
 * const { concat } = rewardMonoid<unknown>();
 * const length = perCompletion("length", (text) => text.length);
 * const vowels = perCompletion("vowels", (text) => text.match(/[aeiou]/g)?.length ?? null);
 * const completion = { text: "caption", tokenIds: [], logProbs: [], truncated: false };
 * const batch = [{ prompt: { id: "q1", messages: [] }, completion, reference: {} }];
 * assert.deepStrictEqual(await toPromise(concat(length, vowels)(batch)), [7 + 3]);
 * @since 0.1.0
 */
export const rewardMonoid = <Reference>(): Monoid<Reward<Reference>> => ({
  empty: fromMarks("empty", (batch) => TE.right(batch.map(() => ({ value: null })))),
  concat: (first, second) => {
    checkArguments("rewardMonoid", ["first", rewardRule, first], ["second", rewardRule, second]);
    return fromMarks("sum", (batch, context) =>
      pipe(
        marksOf("left of a sum", first, batch, context),
        TE.chain((left) =>
          pipe(
            marksOf("right of a sum", second, batch, context),
            TE.map((right) => left.map((mark, at) => plus(mark, right[at]!))),
          ),
        ),
      ),
    );
  },
});
