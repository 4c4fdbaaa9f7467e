import type { Reward } from "@msrl/core";
import { pipe } from "fp-ts/function";
import type { Monoid } from "fp-ts/Monoid";
import * as TE from "fp-ts/TaskEither";
import { run } from "./run.js";

const plus = (a: number | null, b: number | null): number | null => {
  if (a === null) return b;
  return b === null ? a : a + b;
};

/**
 * Rewards under sum, completion by completion. `null` (not applicable) adds nothing: x + null = x, null + null = null.
 *
 *     concat(a, concat(b, c)) = concat(concat(a, b), c)        concat(empty, a) = a = concat(a, empty)
 *
 * (the first exactly where the sums are exact in float64). `empty` applies to no completion. Of two errors the left one
 * is kept; a result of the wrong length is a `RewardError`. `weightedSum` adds names and weights.
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
  empty: (batch) => TE.right(batch.map(() => null)),
  concat: (first, second) => (batch) =>
    pipe(
      run("left of a sum", first, batch),
      TE.chain((left) =>
        pipe(
          run("right of a sum", second, batch),
          TE.map((right) => left.map((value, at) => plus(value, right[at] ?? null))),
        ),
      ),
    ),
});
