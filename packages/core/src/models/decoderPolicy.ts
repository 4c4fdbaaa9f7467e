import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Prompt } from "../data/prompt.js";
import type { Need } from "../losses/loss.js";
import type { PolicyError, Sequences, TrainablePolicy } from "../policy/policy.js";
import type { Key } from "../rng.js";
import type { Device } from "../session/device.js";
import type { Tensors } from "../tensor.js";
import { type Compute, checkPolicy } from "./checkPolicy.js";
import type { DecoderConfig } from "./decoder/config.js";
import { initialParameters } from "./decoder/parameters.js";
import { graphStore } from "./kernels.js";
import type { LoraOptions } from "./lora/options.js";
import { batchProblem, strangeCompletion, unmetNeeds, untaught } from "./prompts/checkGroups.js";
import { type EncodedPrompt, encodePrompt } from "./prompts/encode.js";
import type { EncodedGroup } from "./prompts/pack.js";
import { mostTokens, tokensInUpdate } from "./prompts/runSizes.js";
import type { ChatTokenizer } from "./prompts/tokenizer.js";
import { isLarge } from "./sampling/rolloutForm.js";
import { promptTooLong, sampleCompletions, samplingProblem } from "./sampling/sampler.js";
import { type ScorerContext, scoreCompletions, topOfCompletions } from "./scoring/scorer.js";
import { checkTop } from "./scoring/topTokens.js";
import { adapterOff, type DecoderState, loadState, saveState } from "./state.js";
import { trainStep } from "./training/trainer.js";
import { untrainable, variants } from "./variants.js";

/** An adapter, and what its dropout is drawn from. */
export interface PolicyLoraOptions extends LoraOptions {
  /** Each update makes a key of its own of it. */
  readonly dropoutKey: Key;
}

/** What a decoder policy is made of. */
export interface DecoderPolicyOptions {
  readonly config: DecoderConfig;
  readonly tokenizer: ChatTokenizer;
  readonly device: Device;
  /** The weights that training begins with, by the names of a checkpoint (`fromHub`); absent: `init` draws them. */
  readonly base?: Tensors;
  /** Trains a low-rank adapter and leaves the base as it is; absent: all weights are trained. */
  readonly lora?: Partial<PolicyLoraOptions>;
  /** Name for messages; default `decoder`. */
  readonly name?: string;
  /** Completions drawn or scored in one run at most; default 256. Fewer where they would take more than about 1 GiB. */
  readonly rowsPerRun?: number;
  /**
   * Padded tokens in one update run at most, beyond which gradients are accumulated; default 16,384, or as many as take
   * about 2 GiB of a larger model.
   */
  readonly tokensPerRun?: number;
  /**
   * Whether an update computes each layer again on the way back instead of keeping what is inside it: the same bits, a
   * third more time, memory of one layer instead of all. Default false.
   */
  readonly recompute?: boolean;
  /**
   * What an update computes its products in; default float32. With `float16` or `bfloat16` (see `mixedPrecision`) weights,
   * gradients and optimizer stay float32; give float16 an optimizer in `lossScaling`, or small gradients become 0. Meant
   * for CUDA; on the CPU float16 is slower and bfloat16 does not run. Rollouts, scores and the head of a large vocabulary are
   * computed in float32.
   */
  readonly compute?: Compute;
}

/** Prompts already encoded are kept as long as their owner lives: a sample is read many times over a run. */
const encoder = (config: DecoderConfig, tokenizer: ChatTokenizer) => {
  const known = new WeakMap<Prompt, E.Either<PolicyError, EncodedPrompt>>();
  const encode = encodePrompt(config, tokenizer);
  return (prompt: Prompt): E.Either<PolicyError, EncodedPrompt> => {
    const encoded = known.get(prompt) ?? encode(prompt);
    known.set(prompt, encoded);
    return encoded;
  };
};

/** A decoder policy; one with an adapter knows what it was before training. */
export interface DecoderPolicy extends TrainablePolicy<DecoderState> {
  /**
   * The base with the adapter off, as a state: what a run with an adapter takes for its reference policy. It holds no
   * weights of its own; it answers `sample` and `logProbs`, and cannot be trained. Absent without `lora`.
   */
  readonly reference?: DecoderState;
}

/**
 * A decoder that is trained here: its weights are a value in memory, each verb is one or a few runs of a graph.
 *
 * A rollout is one run (prefill, every token, sampling, log-probs); an update is one run (forward over each prompt
 * once and its completions, loss, backward, optimizer). Same state, key and number of threads, same bits on the CPU.
 *
 * With `base` and `lora` the base is frozen: its weights are inputs of every graph, held once by the device and never
 * copied for a run, and a state holds the adapter alone, one vector (group `adapter`) under peft's names. With `base`
 * alone, `init` gives its weights, and all of them are trained.
 *
 * @throws ConfigurationError with every size or option that cannot be, and what of the base is missing.
 * @example no-run: needs a model folder
 * import { decoderPolicy, fromHub } from "@msrl/core/models";
 * import { openDevice } from "@msrl/core/session";
 * import { loadTokenizer } from "@msrl/core/transformers";
 * const { config, weights: base } = await fromHub("SmolLM2-135M-Instruct");
 * const [tokenizer, device] = [await loadTokenizer("SmolLM2-135M-Instruct"), await openDevice()];
 * const policy = decoderPolicy({ config, base, lora: { rank: 16, alpha: 32 }, tokenizer, device });
 * assert.deepStrictEqual(policy.gives, ["logProbs", "entropy", "logits", "hidden", "teacherTop"]);
 * @since 0.1.0
 */
export const decoderPolicy = (options: DecoderPolicyOptions): DecoderPolicy => {
  const { tokenizer, device, name = "decoder", rowsPerRun = 256, base, lora } = options;
  const { recompute = false, compute = "float32" } = options;
  const limits = { rowsPerRun, tokensPerRun: options.tokensPerRun ?? mostTokens };
  checkPolicy(options.config, tokenizer, { ...limits, recompute, compute });
  const { tokensPerRun = tokensInUpdate(options.config, recompute) } = options;
  const gives: readonly Need[] = ["logProbs", "entropy", "logits", "hidden", "teacherTop"];
  const graphs = graphStore(name, device, {
    ...(lora && { optimization: "basic" }),
    // An arena keeps what its graph took at most, once for every shape of a batch: gigabytes each.
    ...(isLarge(options.config) && { memoryArena: false }),
  });
  const { training, configOf, weightsOf, dropoutKey } = variants(options.config, base, lora);
  const config = { ...training, ...(recompute && { recompute }), ...(compute !== "float32" && { compute }) };
  const encode = encoder(config, tokenizer);

  const scorer = (state: DecoderState): ScorerContext => ({
    ...{ config: configOf(state), graphs, rowsPerRun },
    weights: weightsOf(state),
  });
  const context = { config, graphs, tokensPerRun, ...(lora && base && { frozen: base, dropoutKey }) };

  const encodeGroup = ({ prompt, completions }: Sequences): E.Either<PolicyError, EncodedGroup> =>
    pipe(
      encode(prompt),
      E.chain((encoded) => {
        const longest = completions.reduce((most, ids) => Math.max(most, ids.length), 0);
        const tooLong = promptTooLong(config, encoded, longest);
        return tooLong ? E.left(tooLong) : E.right({ prompt: encoded, completions });
      }),
    );
  const encodeGroups = (groups: readonly Sequences[]): TE.TaskEither<PolicyError, readonly EncodedGroup[]> => {
    const strange = strangeCompletion(config, groups);
    return strange ? TE.left(strange) : TE.fromEither(E.traverseArray(encodeGroup)(groups));
  };

  return {
    name,
    gives,
    tokenize: (completion) => [...tokenizer.encode(completion), tokenizer.endId],
    ...(lora && { reference: adapterOff }),
    init: (key) =>
      base && !lora
        ? TE.fromEither(loadState(config, { tensors: base, metadata: {} }, false))
        : TE.right({ parameters: initialParameters(config, key), optimizer: {}, updates: 0 }),
    sample: (state, prompts, sampling, key) =>
      pipe(
        TE.fromEither(samplingProblem(name, sampling)),
        TE.chain(() => TE.fromEither(E.traverseArray(encode)(prompts))),
        TE.chain((encoded) =>
          sampleCompletions(
            { config: configOf(state), tokenizer, graphs, rowsPerRun },
            weightsOf(state),
            prompts,
            encoded,
            sampling,
            key,
          ),
        ),
      ),
    logProbs: (state, sequences) =>
      pipe(
        encodeGroups(sequences),
        TE.chain((groups) => scoreCompletions(scorer(state), groups)),
      ),
    topLogProbs: (state, sequences, asked) =>
      pipe(
        TE.fromEither(checkTop(config, name, asked)),
        TE.bindTo("settings"),
        TE.bind("groups", () => encodeGroups(sequences)),
        TE.chain(({ settings, groups }) => topOfCompletions(scorer(state), groups, settings)),
      ),
    update: (state, batch, loss, optimizer) => {
      const problem =
        unmetNeeds(name, gives, loss) ??
        batchProblem(name, batch, loss) ??
        untaught(config, name, loss, batch) ??
        untrainable(name, config, state);
      if (problem) return TE.left(problem);
      const groups = batch.map(({ prompt, completions }) => ({
        prompt,
        completions: completions.map(({ tokenIds }) => tokenIds),
      }));
      return pipe(
        encodeGroups(groups),
        TE.chain((encoded) => trainStep(context, state, encoded, batch, loss, optimizer)),
      );
    },
    save: (state) => TE.right(saveState(config, state)),
    load: (saved, { optimizer = true } = {}) => TE.fromEither(loadState(config, saved, optimizer)),
  };
};
