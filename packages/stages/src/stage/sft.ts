import type { Loss } from "@msrl/core/losses";
import type { Optimizer } from "@msrl/core/optim";
import * as TE from "fp-ts/TaskEither";
import type { Json } from "../checkpoint/index.js";
import { stageProblems } from "./checkStage.js";
import type { Example } from "./question.js";
import type { Stage } from "./stage.js";
import { stageConfiguration, unknownOptions } from "./stageProblem.js";

/** What a stage of supervised fine-tuning is made of. */
export interface SftOptions {
  readonly name: string;
  readonly examples: readonly Example[];
  readonly steps: number;
  readonly batchSize: number;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly settings?: Readonly<Record<string, Json>>;
}

const known = ["name", "examples", "steps", "batchSize", "loss", "optimizer", "settings"];

const checkSft = (options: SftOptions): void => {
  const problems = [
    ...unknownOptions(options, known),
    ...stageProblems({ ...options, items: options.examples.length, keep: 0 }),
  ];
  if (problems.length > 0) throw stageConfiguration(options.name, problems);
};

/**
 * A stage of supervised fine-tuning: each example's completion with its weight (1 if absent) under the stage's loss.
 *
 * MSRL's cold start (1a) and the last step of CMKD (2b). Metrics: those of the loss and the optimizer, and
 * `completion_length`, the mean in tokens.
 *
 * @throws StageConfiguration with every option that cannot be, unknown ones among them.
 * @example
 * import { crossEntropy } from "@msrl/core/losses";
 * import { adamw } from "@msrl/core/optim";
 * import { sftStage } from "@msrl/stages";
 * const stage = sftStage({
 *   name: "cold start",
 *   examples: [{ prompt: { id: "q1", messages: [] }, completion: "<answer>A</answer>" }],
 *   steps: 100,
 *   batchSize: 8,
 *   loss: crossEntropy(),
 *   optimizer: { transform: adamw({ learningRate: 1e-5 }) },
 * });
 * assert.deepStrictEqual([stage.kind, stage.items], ["sft", 1]);
 * @since 0.1.0
 */
export const sftStage = <State>(options: SftOptions): Stage<State> => {
  checkSft(options);
  return {
    name: options.name,
    kind: "sft",
    steps: options.steps,
    batchSize: options.batchSize,
    items: options.examples.length,
    loss: options.loss,
    optimizer: options.optimizer,
    ...(options.settings && { settings: options.settings }),
    prepare: ({ policy, items }) => {
      const batch = items.map((at) => {
        const { prompt, completion, weight = 1 } = options.examples[at]!;
        return { prompt, completions: [{ tokenIds: policy.tokenize(completion), advantage: weight }] };
      });
      const tokens = batch.reduce((sum, { completions }) => sum + completions[0]!.tokenIds.length, 0);
      return TE.right({ batch, metrics: { completion_length: tokens / batch.length }, kept: [] });
    },
  };
};
