import type { TaskEither } from "fp-ts/TaskEither";
import type { EngineError } from "./engineError.js";

/** A piece of what a model reads: tokens, or an encoded image (`expectedTokens` of the sequence, where known). */
export type EngineChunk =
  | { readonly type: "text"; readonly tokens: ArrayLike<number> }
  | {
      readonly type: "image";
      readonly data: Uint8Array;
      readonly format: "png" | "jpeg";
      readonly expectedTokens?: number;
    };

/** Numbers beside the positions of a sequence: Float32Array goes as float32, Int32Array as int64. */
export type EngineArray = Float32Array | Int32Array;

/**
 * One sequence to learn from, aligned for the next token and NOT shifted by the engine: input = sequence[:-1],
 * `target_tokens` = sequence[1:], and every array has length T, the total length of the input; prompt positions hold 0.
 */
export interface EngineDatum {
  readonly input: readonly EngineChunk[];
  /** By the engine's names: `target_tokens` (Int32Array), `weights`, `logprobs`, `advantages` (Float32Array). */
  readonly inputs: Readonly<Record<string, EngineArray>>;
}

/** A loss of the engine by its name, with its numbers, f.e. `{ name: "ppo", config: { clip_low_threshold: 0.8 } }`. */
export interface EngineLoss {
  readonly name: string;
  readonly config?: Readonly<Record<string, number>>;
}

/** What a forward pass gives back. */
export interface EngineOutput {
  /** Log-probs of the target tokens, one array a datum in the order given, T numbers each. */
  readonly logProbs: readonly Float32Array[];
  /** The engine's own metrics; of a batch that was split joined by the end of their names (`:sum`, `:mean`, ..), else the last part's. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** AdamW as the engine takes it; what it ignores of that is up to the engine. */
export interface EngineAdam {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The norm gradients are clipped to; 0: not at all. */
  readonly gradClipNorm: number;
}

/** A LoRA model on the engine; its weights move with every step. */
export interface EngineModel {
  readonly id: string;
  readonly baseModel: string;
  readonly rank: number;
}

/** Something to draw from: the base model, weights as they were when the sampler was made, or a saved path. */
export type EngineSampler =
  | { readonly type: "base"; readonly baseModel: string }
  | { readonly type: "session"; readonly id: string }
  | { readonly type: "path"; readonly path: string };

/** What to draw. */
export interface EngineSampleRequest {
  readonly prompt: readonly EngineChunk[];
  readonly samples: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP?: number;
  /** -1: all. */
  readonly topK?: number;
  readonly seed?: number;
  /** Token ids that end a completion; some engines stop nowhere else. */
  readonly stop?: readonly number[];
}

/** A completion drawn; the token it stopped at is part of it. */
export interface EngineSequence {
  readonly tokens: readonly number[];
  readonly logProbs: Float32Array;
  readonly stopReason: "stop" | "length";
}

/**
 * A request that has its place in the line of its model and may not be answered yet.
 *
 * `result` waits for the answer; it may be run many times, and asks again after `unreachable`.
 */
export interface Pending<Value> {
  readonly result: TaskEither<EngineError, Value>;
}

/** What may be said with every request. */
export interface EngineCall {
  /** Calls the request off: unsent it is not sent; sent, only the waiting ends. */
  readonly signal?: AbortSignal;
}

/** What an engine says of itself. */
export interface EngineCapabilities {
  readonly models: readonly string[];
  readonly wire: "protobuf" | "json";
}

/** The files of an adapter in PEFT's form, by name: `adapter_config.json`, `adapter_model.safetensors`. */
export type EngineArchive = Readonly<Record<string, Uint8Array>>;

/**
 * A training engine behind the Tinker API: one method a verb.
 *
 * Requests of one model are sent in the order in which their tasks were run, each under the next number of the model (1, 2,
 * 3, ..), and executed in that order; an answer that was lost is asked for again under the same number, so that nothing is
 * applied twice. Where a request that changes the gradient or the weights fails for good, the model is lost: what stands
 * behind it in the line is not sent, and every later request is refused with `lost`.
 */
export interface TinkerClient {
  capabilities(call?: EngineCall): TaskEither<EngineError, EngineCapabilities>;
  /** A fresh LoRA model, unloaded by `close`. */
  createModel(
    options: { readonly baseModel: string; readonly rank: number; readonly seed?: number },
    call?: EngineCall,
  ): TaskEither<EngineError, EngineModel>;
  /** Log-probs without a gradient. */
  forward(
    model: EngineModel,
    data: readonly EngineDatum[],
    loss?: EngineLoss,
    call?: EngineCall,
  ): TaskEither<EngineError, EngineOutput>;
  /** Puts a pass in line, at once: gradients add up until `optimStep`. */
  forwardBackward(
    model: EngineModel,
    data: readonly EngineDatum[],
    loss: EngineLoss,
    call?: EngineCall,
  ): TaskEither<EngineError, Pending<EngineOutput>>;
  /** Puts an optimizer step in line, at once; its value is the engine's metrics. */
  optimStep(
    model: EngineModel,
    adam: EngineAdam,
    call?: EngineCall,
  ): TaskEither<EngineError, Pending<Readonly<Record<string, number>>>>;
  /** A sampler of the weights as they are when its turn in the line comes. */
  samplerFor(model: EngineModel, call?: EngineCall): TaskEither<EngineError, EngineSampler>;
  sample(
    sampler: EngineSampler,
    request: EngineSampleRequest,
    call?: EngineCall,
  ): TaskEither<EngineError, readonly EngineSequence[]>;
  /** Log-probs of the last tokens of a prompt, aligned from the end; the first token of a sequence has none. */
  promptLogProbs(
    sampler: EngineSampler,
    prompt: readonly EngineChunk[],
    call?: EngineCall,
  ): TaskEither<EngineError, Float32Array>;
  /** Saves weights and optimizer under a name (`[A-Za-z0-9_-]{1,255}`); its value is the engine's own path. */
  saveWeights(model: EngineModel, name: string, call?: EngineCall): TaskEither<EngineError, string>;
  /** Saves weights for sampling and for {@link TinkerClient.archive} under a name; its value is the engine's own path. */
  saveForSampler(model: EngineModel, name: string, call?: EngineCall): TaskEither<EngineError, string>;
  /** Fills a model that nothing was asked of yet; the optimizer's state only where asked for. */
  loadWeights(
    model: EngineModel,
    path: string,
    options: { readonly optimizer: boolean },
    call?: EngineCall,
  ): TaskEither<EngineError, void>;
  /** The adapter saved by `saveForSampler` under a name. */
  archive(model: EngineModel, name: string, call?: EngineCall): TaskEither<EngineError, EngineArchive>;
  unload(model: EngineModel, call?: EngineCall): TaskEither<EngineError, void>;
  /** Ends heartbeat and waiting, and unloads the models made; every later request is refused. */
  close(): TaskEither<EngineError, void>;
}
