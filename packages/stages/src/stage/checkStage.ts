import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { isCount } from "../checkpoint/options.js";
import type { RunStageOptions } from "./runStageOptions.js";
import type { Stage, StageError } from "./stage.js";
import { failedChecks, type StageProblem, stageConfiguration, unknownOptions } from "./stageProblem.js";

/** What every kind of stage has to have. */
export const stageProblems = ({
  name,
  steps,
  batchSize,
  items,
  keep = 0,
}: Pick<Stage<never>, "name" | "steps" | "batchSize" | "items" | "keep">): readonly StageProblem[] =>
  failedChecks([
    ["name", name, typeof name === "string" && name !== "", "a text that is not empty"],
    ["steps", steps, isCount(steps), "a whole number from 0"],
    ["batchSize", batchSize, isCount(batchSize, 1), "a whole number from 1"],
    ["data", `${items} items`, isCount(items, 1), "at least one"],
    ["keep", keep, isCount(keep), "a whole number from 0"],
  ]);

const optionProblems = <State>(options: RunStageOptions<State>): readonly StageProblem[] => {
  const unknown = unknownOptions(options, ["policy", "state", "key", "checkpoint", "onStep", "signal"]);
  if (!options.checkpoint) return unknown;
  const { folder, every } = options.checkpoint;
  return [
    ...unknown,
    ...unknownOptions(options.checkpoint, ["folder", "every", "resume", "fallback"], "checkpoint."),
    ...failedChecks([
      ["checkpoint.folder", folder, typeof folder === "string" && folder !== "", "a path"],
      ["checkpoint.every", every, isCount(every, 1), "a whole number from 1"],
    ]),
  ];
};

/** Everything that can be refused before anything runs: settings that cannot be, and needs the policy does not meet. */
export const checkStage = <State>(
  stage: Stage<State>,
  options: RunStageOptions<State>,
): E.Either<StageError, Stage<State>> => {
  const { policy } = options;
  const problems = [...stageProblems(stage), ...optionProblems(options)];
  if (problems.length > 0) return E.left(stageConfiguration(stage.name, problems));
  const unmet = stage.loss.needs.filter((need) => !policy.gives.includes(need));
  if (unmet.length > 0)
    return E.left(
      tagged(
        "NeedNotMet",
        `loss ${stage.loss.name} needs ${unmet.join(", ")}, which policy ${policy.name} does not give`,
        {
          policy: policy.name,
          loss: stage.loss.name,
          needs: unmet,
        },
      ),
    );
  const refused = policy.refuses?.(stage.loss, stage.optimizer);
  if (refused) return E.left(refused);
  return E.right(stage);
};
