import type { CompletionBatch, Mark, Reward, RewardContext, RewardError } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import type { TaskEither } from "fp-ts/TaskEither";
import * as TE from "fp-ts/TaskEither";
import { callable, checkArguments, nameRule } from "./arguments.js";
import { markSound, marksOf, placeOf, rewardError } from "./marks.js";

/** A function from a batch to one mark a completion. */
export type Marks<Reference> = (
  batch: CompletionBatch<Reference>,
  context?: RewardContext,
) => TaskEither<RewardError, readonly Mark[]>;

/**
 * A reward from its marks: both doors of one implementation.
 *
 * The marks keep a completion that failed in its group; the plain values have no place for it, so there the first
 * failure is a `RewardError` that names the completion. The name is also that of the function made.
 *
 * @throws ConfigurationError if the name is no text, or the function none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { fromMarks } from "@msrl/rewards";
 * import * as TE from "fp-ts/TaskEither";
 * const polite = fromMarks("polite", (batch) =>
 *   TE.right(batch.map(({ completion }) => (completion.text.includes("please") ? { value: 1, reason: "says please" } : { value: 0 }))),
 * );
 * const completion = { text: "please", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(polite([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const fromMarks = <Reference>(name: string, marks: Marks<Reference>): Reward<Reference> => {
  checkArguments("fromMarks", ["name", nameRule, name], ["marks", callable, marks]);
  const inner = asReward(marks);
  const held: Marks<Reference> = (batch, context) => marksOf(name, inner, batch, context);
  const values: Reward<Reference> = (batch, context) =>
    pipe(
      held(batch, context),
      TE.chainEitherK((all) => {
        const at = all.findIndex(({ failure }) => failure !== undefined);
        return at < 0
          ? E.right(all.map(({ value }) => value))
          : E.left(rewardError(name, `${placeOf(batch as CompletionBatch<never>, at)}: ${all[at]?.failure}`));
      }),
    );
  return markSound(Object.defineProperty(Object.assign(values, { marks: held }), "name", { value: name }));
};

/** Marks alone, as something that `marksOf` can hold to the contract. */
const asReward = <Reference>(marks: Marks<Reference>): Reward<Reference> =>
  Object.assign((batch: CompletionBatch<Reference>) => TE.right(batch.map(() => null)), { marks });
