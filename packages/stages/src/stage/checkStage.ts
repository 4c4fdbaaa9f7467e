import { tagged } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import type { Stage, StageError } from "./stage.js";

const isCount = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;

/** Everything that can be refused before anything runs: numbers that cannot be, and needs the policy does not meet. */
export const checkStage = <State>(
  stage: Stage<State>,
  policy: TrainablePolicy<State>,
  every?: number,
): E.Either<StageError, Stage<State>> => {
  const wrong = (field: string, given: unknown, wanted: string): E.Either<StageError, never> =>
    E.left(
      tagged("StageConfiguration", `stage ${stage.name}, ${field}: ${String(given)} given, ${wanted} wanted`, {
        stage: stage.name,
        field,
      }),
    );
  if (!isCount(stage.steps, 0)) return wrong("steps", stage.steps, "a whole number from 0");
  if (!isCount(stage.batchSize, 1)) return wrong("batchSize", stage.batchSize, "a whole number from 1");
  if (!isCount(stage.items, 1)) return wrong("data", `${stage.items} items`, "at least one");
  if (every !== undefined && !isCount(every, 1)) return wrong("checkpoint.every", every, "a whole number from 1");
  const unmet = stage.loss.needs.filter((need) => !policy.gives.includes(need));
  if (unmet.length > 0)
    return E.left(
      tagged("NeedNotMet", `loss ${stage.loss.name} needs ${unmet.join(", ")}, which policy ${policy.name} does not give`, {
        policy: policy.name,
        loss: stage.loss.name,
        needs: unmet,
      }),
    );
  return E.right(stage);
};
