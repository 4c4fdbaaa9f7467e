import type { TaskEither } from "fp-ts/TaskEither";
import type { Rollout } from "../data/completion.js";
import type { Prompt } from "../data/prompt.js";
import type { Tagged } from "../errors.js";
import type { Loss, Need } from "../losses/loss.js";
import type { Optimizer } from "../optim/optimizer.js";
import type { Key } from "../rng.js";
import type { Tensors } from "../tensor.js";

/**
 * Which tokens may be drawn, in the order of transformers' `generate`: repetition penalty, temperature, top-k, top-p,
 * min-p. None of them is on unless given.
 */
export interface SamplingFilters {
  /** Only the k likeliest tokens, ties with the last included; 0: all. */
  readonly topK?: number;
  /** Only the likeliest tokens that reach this probability together; 1: all. */
  readonly topP?: number;
  /** Only tokens at least this part as likely as the likeliest; 0: all. */
  readonly minP?: number;
  /** What logits of tokens of the prompt and the completion so far are divided by (multiplied below 0); 1: nothing. */
  readonly repetitionPenalty?: number;
}

/**
 * How completions are drawn; temperature 0 takes the likeliest token.
 *
 * Log-probs of completions (`logProbs`) are those of the policy at this temperature, of all its tokens, whatever the
 * filters leave: what an update compares with. Where there are filters, `samplerLogProbs` are those among the tokens
 * left, which off-policy corrections read: vLLM's `processed_logprobs`, which TRL and verl ask for. (Its `raw_logprobs`
 * are those at temperature 1.)
 */
export interface Sampling extends SamplingFilters {
  /** Completions a prompt (the group size G). */
  readonly samples: number;
  readonly temperature: number;
  readonly maxTokens: number;
}

/** A prompt and given completions of it, as token ids. */
export interface Sequences {
  readonly prompt: Prompt;
  readonly completions: readonly (readonly number[])[];
}

/** A policy's likeliest next tokens at each token of a completion, likeliest first; equal ones by their numbers. */
export interface TopLogProbs {
  /** How many a token, k. */
  readonly count: number;
  /** [tokens, k] token ids, row-major. */
  readonly ids: Int32Array;
  /** [tokens, k] their log-probs in nats; NaN: not known. What is left of 1 is all other tokens together. */
  readonly logProbs: Float32Array;
}

/** Which next tokens {@link Policy.topLogProbs} tells of. */
export interface TopOptions {
  /** How many of the likeliest at each token; the whole vocabulary where it has no more. */
  readonly topK: number;
  /** What logits are divided by; default 1. */
  readonly temperature?: number;
}

/** A completion to learn from. */
export interface TrainingCompletion {
  readonly tokenIds: readonly number[];
  /** One number for the completion, or one a token. */
  readonly advantage: number | readonly number[];
  /** 1 where a token counts, 0 where it does not; all count if absent. */
  readonly mask?: readonly number[];
  /** Log-probs under the policy that drew it; absent: the policy being updated (ratio 1). */
  readonly oldLogProbs?: readonly number[];
  /**
   * Log-probs that the sampler itself reported, where it is another program than the trainer: what off-policy corrections
   * read. NaN for a token that it could not score; absent: `oldLogProbs`.
   */
  readonly samplerLogProbs?: readonly number[];
  /** Log-probs under the reference policy, for losses with a KL term. */
  readonly referenceLogProbs?: readonly number[];
  /** A teacher's likeliest tokens, for losses over its distribution; a row of NaN: it has no such token. */
  readonly teacherTop?: TopLogProbs;
}

/** A prompt and its completions to learn from. */
export interface TrainingGroup {
  readonly prompt: Prompt;
  readonly completions: readonly TrainingCompletion[];
}

/** What an update reads: one optimizer step. */
export type TrainingBatch = readonly TrainingGroup[];

/** A policy as a checkpoint holds it: tensors by name, and what else it needs to be itself again. */
export interface Saved {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a policy can refuse or fail at. */
export type PolicyError =
  | Tagged<"PromptTooLong", { readonly id: string; readonly tokens: number; readonly limit: number }>
  | Tagged<"BadPrompt", { readonly id: string }>
  | Tagged<"NeedNotMet", { readonly policy: string; readonly loss: string; readonly needs: readonly Need[] }>
  | Tagged<"NotFinite", { readonly step: number; readonly tensor: string }>
  | Tagged<"BadCheckpoint", { readonly reason: string }>
  | Tagged<"PolicyFailed", { readonly policy: string }>;

/** Something that answers prompts: state in, state out, nothing hidden. */
export interface Policy<State> {
  readonly name: string;
  /** What it can give to a loss. */
  readonly gives: readonly Need[];
  /** Token ids of a completion's text, end of sequence included. */
  tokenize(completion: string): readonly number[];
  /** G completions a prompt; same state and key, same completions. */
  sample(
    state: State,
    prompts: readonly Prompt[],
    sampling: Sampling,
    key: Key,
  ): TaskEither<PolicyError, readonly Rollout[]>;
  /** Log-probs of given completions at temperature 1: one array a completion, one number a token. */
  logProbs(
    state: State,
    sequences: readonly Sequences[],
  ): TaskEither<PolicyError, readonly (readonly Float32Array[])[]>;
  /**
   * The likeliest next tokens at each token of given completions, and nothing else of the distributions: what a student is
   * taught by. Absent where a policy cannot tell them.
   */
  topLogProbs?(
    state: State,
    sequences: readonly Sequences[],
    options: TopOptions,
  ): TaskEither<PolicyError, readonly (readonly TopLogProbs[])[]>;
}

/** A policy that learns. */
export interface TrainablePolicy<State> extends Policy<State> {
  /** Why an update with this loss and optimizer would be refused: what a stage asks before anything runs. */
  refuses?(loss: Loss, optimizer: Optimizer): PolicyError | undefined;
  /** A fresh policy. */
  init(key: Key): TaskEither<PolicyError, State>;
  /** One optimizer step; the state given stays as it was. */
  update(
    state: State,
    batch: TrainingBatch,
    loss: Loss,
    optimizer: Optimizer,
  ): TaskEither<PolicyError, { readonly state: State; readonly metrics: Readonly<Record<string, number>> }>;
  save(state: State): TaskEither<PolicyError, Saved>;
  /** `optimizer: false` takes the weights and starts a fresh optimizer: what a new stage does. */
  load(saved: Saved, options?: { readonly optimizer?: boolean }): TaskEither<PolicyError, State>;
}
