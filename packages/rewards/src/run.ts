import type { CompletionBatch, Reward, RewardError } from "@msrl/core";
import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";

const wrong = (reward: string, message: string): E.Either<RewardError, never> =>
  E.left(tagged("RewardError", `reward ${reward}: ${message}`, { reward }));

/**
 * Runs a part of a composed reward and holds it to its contract, whoever wrote it: one value a completion, each a finite
 * number or null; a rejected promise or an exception becomes the part's `RewardError`.
 */
export const run =
  <Reference>(
    name: string,
    reward: Reward<Reference>,
    batch: CompletionBatch<Reference>,
  ): TaskEither<RewardError, readonly (number | null)[]> =>
  async () => {
    try {
      const result = await reward(batch)();
      if (E.isLeft(result)) return result;
      const values = result.right;
      if (values.length !== batch.length) {
        return wrong(name, `given ${values.length} values, wanted ${batch.length}, one a completion`);
      }
      const at = values.findIndex((value) => value !== null && !Number.isFinite(value));
      if (at < 0) return result;
      const place = `completion ${at} (prompt ${batch[at]?.prompt.id})`;
      return wrong(name, `${place}: given ${values[at]}, wanted a finite number or null`);
    } catch (thrown) {
      return wrong(name, `threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  };
