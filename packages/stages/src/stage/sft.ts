import type { Loss } from "@msrl/core/losses";
import type { Optimizer } from "@msrl/core/optim";
import * as TE from "fp-ts/TaskEither";
import type { Json } from "../checkpoint/index.js";
import type { Example } from "./question.js";
import type { Stage } from "./stage.js";

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

/**
 * A stage of supervised fine-tuning: each example's completion with weight 1 under the stage's loss.
 *
 * MSRL's cold start (1a) and the last step of CMKD (2b).
 *
 * @since 0.1.0
 */
export const sftStage = <State>(options: SftOptions): Stage<State> => ({
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
      const { prompt, completion } = options.examples[at]!;
      return { prompt, completions: [{ tokenIds: policy.tokenize(completion), advantage: 1 }] };
    });
    const lengths = batch.map(({ completions }) => completions[0]!.tokenIds.length);
    const length = lengths.reduce((a, b) => a + b, 0) / Math.max(1, lengths.length);
    return TE.right({ batch, metrics: { completion_length: length }, kept: [] });
  },
});
