import type { Completion, Mark, Reward, Scorable } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { callable, checkArguments, nameRule } from "./arguments.js";
import { fromMarks } from "./fromMarks.js";
import { asMark, thrownReason } from "./marks.js";

/** A completion's number, or its mark, from its text and what it is judged against; `null`: does not apply. */
export type CompletionScore<Reference> = (
  text: string,
  reference: Reference,
  completion: Completion,
) => number | null | Mark;

const markOf = <Reference>(score: CompletionScore<Reference>, { completion, reference }: Scorable<Reference>): Mark => {
  try {
    return asMark(score(completion.text, reference, completion));
  } catch (thrown) {
    return { value: null, failure: `the function threw: ${thrownReason(thrown)}` };
  }
};

/**
 * A reward from a plain function of one completion.
 *
 * The function is called once a completion, in order, and may say why: `{ value, reason }`. If it throws, or returns
 * something that is neither a finite number nor `null`, that completion failed: a mark that says so, or, where plain
 * values are asked for, a `RewardError` that names the reward, the completion (its place in the batch, its prompt) and the cause.
 *
 * @throws ConfigurationError if the name is no text, or the function none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletion } from "@msrl/rewards";
 * const short = perCompletion("short", (text) => (text.length <= 5 ? 1 : 0));
 * const completion = { text: "brief", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(short([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const perCompletion = <Reference>(name: string, score: CompletionScore<Reference>): Reward<Reference> => {
  checkArguments("perCompletion", ["name", nameRule, name], ["score", callable, score]);
  return fromMarks(name, (batch) => TE.fromIO(() => batch.map((each) => markOf(score, each))));
};
