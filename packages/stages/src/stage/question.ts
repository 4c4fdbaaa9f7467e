import type { Prompt } from "@msrl/core";

/** A prompt with what its completions are judged against: a rendered sample. */
export interface Question<Reference> {
  readonly prompt: Prompt;
  readonly reference: Reference;
}

/** A prompt with a completion to imitate. */
export interface Example {
  readonly prompt: Prompt;
  readonly completion: string;
  /** What its tokens count in the loss; 1 if absent. */
  readonly weight?: number;
}
