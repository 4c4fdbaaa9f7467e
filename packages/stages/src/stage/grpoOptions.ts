import type { ScoredReward } from "@msrl/core";
import type { Advantage } from "@msrl/core/advantages";
import type { Loss } from "@msrl/core/losses";
import type { Optimizer } from "@msrl/core/optim";
import type { Sampling } from "@msrl/core/policy";
import type { Json } from "../checkpoint/index.js";
import type { ReplayOptions } from "../flow/replay.js";
import type { Question } from "./question.js";

/** What a stage of group-relative policy optimisation is made of. */
export interface GrpoOptions<Reference, State = unknown> {
  readonly name: string;
  readonly questions: readonly Question<Reference>[];
  readonly steps: number;
  /** Prompts a step. */
  readonly batchSize: number;
  readonly sampling: Sampling;
  readonly reward: ScoredReward<Reference>;
  readonly advantage: Advantage<number | readonly number[]>;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /**
   * The reference policy of a loss with a KL term, as a state of the policy that is trained: the one that training began
   * with, or `policy.reference` where an adapter is trained. A loss that weighs a divergence from it (`beta`) wants one.
   */
  readonly referenceState?: State;
  /** Whether completions that the token limit cut off count for nothing in the loss (overlong filtering); default false. */
  readonly maskTruncated?: boolean;
  readonly replay?: ReplayOptions;
  /** Keeps completions of at least this total reward for a later stage's replay, `keep.limit` prompts at most. */
  readonly keep?: { readonly threshold: number; readonly limit: number };
  /**
   * JSONL file that gets the scored rollouts of every step, a group a line, pictures left out: `readRollouts` of
   * `@msrl/rewards` reads it and `rescore` scores it again. It holds one run, a resumed one too.
   */
  readonly rollouts?: string;
  readonly settings?: Readonly<Record<string, Json>>;
}
