import type { TaskEither } from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import type { PolicyError, TrainablePolicy } from "../policy/policy.js";
import { attempt } from "./attempt.js";
import type { EngineFacts } from "./engineFacts.js";
import { modelRecords } from "./modelRecords.js";
import { type Context, encoder } from "./policyContext.js";
import { type TinkerPolicyOptions, type tinkerPolicyDefaults, tinkerPolicyOptions } from "./policyOptions.js";
import { factsOf, kernelsOf, knownFacts, updateProblem } from "./policyParts.js";
import { update } from "./policyUpdate.js";
import { exported, freeze, init, load, logProbs, release, sample, save } from "./policyVerbs.js";
import { tinkerClient } from "./tinkerClient.js";
import { baseState, type TinkerState } from "./tinkerState.js";

/** A policy whose weights, completions and gradients live on a training engine. */
export interface TinkerPolicy extends TrainablePolicy<TinkerState> {
  /** The base model with the adapter off, as a state: a run's reference policy. */
  readonly reference: TinkerState;
  /** What is known of the engine, measured where it was not named; the first update asks for it by itself. */
  facts(): TaskEither<PolicyError, EngineFacts>;
  /** The same weights as a state that stays when training goes on: a reference, a teacher. It is not trained. */
  freeze(state: TinkerState): TaskEither<PolicyError, TinkerState>;
  /** Writes the adapter as peft does into a folder, which `loadAdapter` of `@msrl/core/models` reads; gives the folder. */
  exportAdapter(state: TinkerState, folder: string): TaskEither<PolicyError, string>;
  /** Unloads a state's model, whose place the engine gives to another. */
  release(state: TinkerState): TaskEither<PolicyError, void>;
  /** Unloads every model and ends the connection. */
  close(): TaskEither<PolicyError, void>;
}

/**
 * A policy on a training engine behind the Tinker API: the same stages, losses and recipes, while weights, completions and
 * gradients live on the engine.
 *
 *     const policy = tinkerPolicy({ url: "http://127.0.0.1:8000", baseModel: "Qwen/Qwen3-8B", rank: 32, tokenizer, device });
 *
 * What is trained is a LoRA adapter of the language model, with AdamW. A state is a reference: the weights there move, so
 * that only a model's newest state can be used (`freeze` keeps one). An update sends the engine's own loss where that is
 * what the loss is (`builtInLoss`); else it asks for log-probs, computes the loss here and sends its exact gradient back as
 * advantages of importance sampling at ratio 1. How the engine reduces its losses is measured before the first update on a
 * throw-away model, unless `engine` says it. `logProbs` of `reference` are those of the base model.
 *
 * A checkpoint holds the engine's own path and the counts: loading it fills a new model, so that an update which the engine
 * made after it, or half made, is left behind with the old model: none is lost, none is applied twice. Where an update did
 * not end, its model's states are refused from then on.
 *
 * Refused before anything runs: losses that need more than log-probs, optimizers other than AdamW (after a clip of the global
 * norm, if the engine clips), temperatures that the engine's log-probs do not follow, images where the engine drops them.
 * Errors of the engine come as `PolicyFailed` with their kind in `engine`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { tinkerPolicy } from "@msrl/core/tinker";
 * assert.throws(() => tinkerPolicy({ baseModel: "Qwen/Qwen3-8B", rank: 0 } as never), /rank is 0, wanted a whole number of at least 1/);
 * @since 0.1.0
 */
export const tinkerPolicy = (
  given: Omit<TinkerPolicyOptions, keyof typeof tinkerPolicyDefaults> & Partial<TinkerPolicyOptions>,
): TinkerPolicy => {
  const options = tinkerPolicyOptions(given);
  const { name, tokenizer, url, apiKey } = options;
  const client = options.client ?? tinkerClient({ url: url!, ...(apiKey !== undefined && { apiKey }) });
  const context: Context = {
    options,
    client,
    records: modelRecords(name),
    facts: factsOf(options, client),
    kernels: kernelsOf(options.device),
    encode: encoder(options),
  };
  const task = <Value>(work: () => Promise<Value>): TaskEither<PolicyError, Value> => attempt(name, work);
  return {
    name,
    gives: ["logProbs"],
    reference: baseState,
    tokenize: (completion) => [...tokenizer.encode(completion), tokenizer.endId],
    refuses: (loss, optimizer) => updateProblem(name, knownFacts(options), loss, optimizer),
    facts: () => task(context.facts),
    init: (key) => task(() => init(context, key)),
    sample: (state, prompts, sampling, key) => task(() => sample(context, state, prompts, sampling, key)),
    logProbs: (state, sequences) => task(() => logProbs(context, state, sequences)),
    update: (state, batch, loss, optimizer) => task(() => update(context, state, batch, loss, optimizer)),
    save: (state) => task(() => save(context, state)),
    load: (saved, { optimizer = true } = {}) => task(() => load(context, saved, optimizer)),
    freeze: (state) => task(() => freeze(context, state)),
    exportAdapter: (state, folder) => task(() => exported(context, state, folder)),
    release: (state) => task(() => release(context, state)),
    close: () => task(() => toPromise(client.close())),
  };
};
