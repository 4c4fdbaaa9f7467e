import type { Reward, RewardError } from "@msrl/core";
import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";

/** A completion's number from its text and what it is judged against; `null`: does not apply. */
export type CompletionScore<Reference> = (text: string, reference: Reference) => number | null;

const failure = (reward: string, message: string): RewardError => tagged("RewardError", message, { reward });

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/**
 * A reward from a plain function of one completion.
 *
 * The function is called once a completion, in order. If it throws, or returns something that is neither a finite number
 * nor `null`, the reward is a `RewardError` that names itself, the completion (its place in the batch, its prompt) and the cause.
 *
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletion } from "@msrl/rewards";
 * const short = perCompletion("short", (text) => (text.length <= 5 ? 1 : 0));
 * const completion = { text: "brief", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(short([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const perCompletion =
  <Reference>(name: string, score: CompletionScore<Reference>): Reward<Reference> =>
  (batch) =>
  async () => {
    const values: (number | null)[] = [];
    for (const [at, { prompt, completion, reference }] of batch.entries()) {
      const where = `reward ${name}: completion ${at} (prompt ${prompt.id})`;
      try {
        const value: unknown = score(completion.text, reference);
        if (value !== null && !Number.isFinite(value)) {
          return E.left(failure(name, `${where}: given ${String(value)}, wanted a finite number or null`));
        }
        values.push(value as number | null);
      } catch (thrown) {
        return E.left(failure(name, `${where}: the function threw: ${reasonOf(thrown)}`));
      }
    }
    return E.right(values);
  };
