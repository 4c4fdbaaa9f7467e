import type { Mark, Reward, Score, ScoredReward } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkArguments, rewardRule } from "./arguments.js";
import { fromMarks } from "./fromMarks.js";
import { joined } from "./marks.js";

/** A score in one mark: its total, and every part in the reason. */
export const totalMark = ({ value, parts, reasons, failures }: Score): Mark => {
  const told = Object.entries(parts).map(([name, part]) => {
    const why = joined(failures?.[name] && `failed: ${failures[name]}`, reasons?.[name]);
    return `${name} ${part}${why ? ` (${why})` : ""}`;
  });
  return { value, ...(told.length > 0 && { reason: told.join(", ") }) };
};

/**
 * A reward that tells its parts as a part of another: its total, and the parts in the reason.
 *
 * A part that failed has been settled by its own policy, so it is a word of the reason here, no failure of the total.
 *
 * @throws ConfigurationError if it is no reward.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, format, taskType, total, weightedSum } from "@msrl/rewards";
 * const form = weightedSum({
 *   format: { reward: format({ tags: ["type", "answer"] }), weight: 0.5 },
 *   task: { reward: taskType(), weight: 0.5 },
 * });
 * const reward = weightedSum({ accuracy: { reward: accuracy(), weight: 1 }, form: { reward: total(form), weight: 0.2 } });
 * const completion = { text: "<type>text</type><answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const reference = { label: "A" as const, task: "text" };
 * const [score] = await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference }]));
 * assert.deepStrictEqual([score!.value, score!.parts], [1.2, { accuracy: 1, form: 1 }]);
 * @since 0.1.0
 */
export const total = <Reference>(scored: ScoredReward<Reference>): Reward<Reference> => {
  checkArguments("total", ["scored", { ...rewardRule, wanted: "a reward that tells its parts" }, scored]);
  return fromMarks("total", (batch, context) =>
    pipe(
      scored(batch, context),
      TE.map((scores) => scores.map(totalMark)),
    ),
  );
};
