import type { FileSource } from "../fileTensor.js";
import type { DataOf, DType, Tensor, Tensors } from "../tensor.js";

/** Session options by ONNX Runtime's names; the engine adds the execution provider. */
export interface RuntimeOptions {
  readonly graphOptimizationLevel: "disabled" | "basic" | "extended" | "layout" | "all";
  readonly enableMemPattern: boolean;
  readonly enableCpuMemArena: boolean;
  readonly executionMode: "sequential";
  readonly logSeverityLevel: 3;
  readonly intraOpNumThreads?: number;
}

/** Loads ONNX Runtime and proves that the provider is there, by a session over the probe model. */
export interface OpenRequest {
  readonly verb: "open";
  readonly provider: string;
  readonly probe: Uint8Array;
}

export interface CompileRequest {
  readonly verb: "compile";
  readonly kernel: number;
  readonly bytes: Uint8Array;
  readonly options: RuntimeOptions;
}

export interface RunRequest {
  readonly verb: "run";
  readonly kernel: number;
  readonly inputs: Tensors;
}

/** Releases every session. */
export interface CloseRequest {
  readonly verb: "close";
}

export type Request = OpenRequest | CompileRequest | RunRequest | CloseRequest;

/** What the engine answers: a value, an error of ONNX Runtime, or the news that the engine is gone. */
export type Reply<Value> = { readonly value: Value } | { readonly error: string } | { readonly lost: string };

/** A way to an engine, in this thread or in another; `request` never rejects. */
export interface Link {
  request(request: RunRequest): Promise<Reply<Tensors>>;
  request(request: OpenRequest | CompileRequest | CloseRequest): Promise<Reply<undefined>>;
  /** Ends the engine's thread, if it has one; to be called after `close` was answered. */
  end(): Promise<void>;
}

/**
 * An input on its way to a worker: its array (to be kept under a number, perhaps), the number of one kept there, or the
 * place in a file where the worker finds it.
 */
export interface Parcel {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: DataOf[DType];
  readonly keep?: number;
  readonly kept?: number;
  readonly source?: FileSource;
}

/** Inputs on their way to a worker, the numbers it can forget, and the buffers to move. */
export interface Shipment {
  readonly inputs: Readonly<Record<string, Parcel>>;
  readonly drop: readonly number[];
  readonly transfer: readonly ArrayBuffer[];
}

/** Class of the typed array behind each element type. */
export const arrayClasses: { readonly [D in DType]: new (data: DataOf[D]) => DataOf[D] } = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
};

/** A copy of a tensor's array in a buffer of its own, which can be moved to another thread. */
export const copyData = ({ dtype, data }: Tensor): DataOf[DType] =>
  new (arrayClasses[dtype] as new (data: DataOf[DType]) => DataOf[DType])(data);
