import * as E from "fp-ts/Either";
import type { Prompt } from "../data/prompt.js";
import type { PolicyError } from "../policy/policy.js";
import type { TinkerClient } from "./client.js";
import { type EnginePrompt, enginePrompt } from "./engineData.js";
import type { EngineFacts } from "./engineFacts.js";
import { tooLong } from "./engineSample.js";
import type { ModelRecords } from "./modelRecords.js";
import type { TinkerPolicyOptions } from "./policyOptions.js";
import type { kernelsOf } from "./policyParts.js";

/** What the verbs share. */
export interface Context {
  readonly options: TinkerPolicyOptions;
  readonly client: TinkerClient;
  readonly records: ModelRecords;
  readonly facts: () => Promise<EngineFacts>;
  readonly kernels: ReturnType<typeof kernelsOf>;
  readonly encode: (prompt: Prompt, longest: number) => EnginePrompt;
}

/** Prompts already encoded are kept as long as their owner lives. */
export const encoder = ({ tokenizer, imageTokens, contextLength }: TinkerPolicyOptions): Context["encode"] => {
  const known = new WeakMap<Prompt, E.Either<PolicyError, EnginePrompt>>();
  const encode = enginePrompt(tokenizer, imageTokens);
  return (prompt, longest) => {
    const encoded = known.get(prompt) ?? encode(prompt);
    known.set(prompt, encoded);
    if (E.isLeft(encoded)) throw encoded.left;
    tooLong(prompt.id, encoded.right, longest, contextLength);
    return encoded.right;
  };
};
