import protobuf from "protobufjs";

/*
 * The part of the Tinker API's protobuf format that this library writes and reads, with the API's field numbers; tensors
 * are little-endian bytes. Names are ours alone: only the numbers travel.
 */
const schema = `
syntax = "proto3";
package tinker;

message Chunk {
  oneof chunk {
    Text text = 1;
    Image image = 2;
  }
}
message Text {
  bytes tokens = 1;
}
message Image {
  bytes data = 1;
  string format = 2;
  optional int32 expected_tokens = 3;
}
message Tensor {
  bytes dense = 1;
  int32 dtype = 3;
  repeated int64 shape = 4;
}
message Datum {
  repeated Chunk input = 1;
  map<string, Tensor> inputs = 2;
}
message ForwardBackwardRequest {
  string model_id = 1;
  int32 seq_id = 2;
  repeated Datum data = 3;
  string loss_fn = 4;
  map<string, double> loss_fn_config = 5;
  bool forward_only = 6;
}
message BatchedTensor {
  bytes data = 1;
  bytes offsets = 2;
  int32 dtype = 3;
  repeated int64 trailing_shape = 4;
}
message ArrayRecord {
  string tag = 1;
  map<string, BatchedTensor> fields = 2;
  int64 num_datums = 3;
}
message ForwardBackwardOutput {
  string type = 1;
  repeated ArrayRecord records = 2;
  map<string, double> metrics = 3;
}
message SampledSequence {
  int32 stop_reason = 1;
  bytes tokens = 2;
  bytes log_probs = 3;
}
message SampleResponse {
  repeated SampledSequence sequences = 1;
  optional bytes prompt_log_probs = 2;
}
`;

/** Element types by their number on the wire. */
export const elementTypes = { float32: 1, int64: 2, int32: 3, bfloat16: 4 } as const;

/** A tensor of a request. */
export interface TensorMessage {
  readonly dense: Uint8Array;
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** A piece of a prompt. */
export interface ChunkMessage {
  readonly text?: { readonly tokens: Uint8Array };
  readonly image?: { readonly data: Uint8Array; readonly format: string; readonly expectedTokens?: number };
}

/** A pass over a batch. */
export interface ForwardBackwardRequestMessage {
  readonly modelId: string;
  readonly seqId: number;
  readonly data: readonly {
    readonly input: readonly ChunkMessage[];
    readonly inputs: Readonly<Record<string, TensorMessage>>;
  }[];
  readonly lossFn: string;
  readonly lossFnConfig: Readonly<Record<string, number>>;
  readonly forwardOnly: boolean;
}

/** Arrays of many sequences in one: datum i is `data` from `offsets[i]` to `offsets[i + 1]`, in bytes. */
export interface BatchedTensorMessage {
  readonly data: Uint8Array;
  readonly offsets: Uint8Array;
  readonly dtype: number;
  readonly trailingShape?: readonly number[];
}

/** The answer to a pass. */
export interface ForwardBackwardOutputMessage {
  readonly type: string;
  readonly records: readonly {
    readonly tag?: string;
    readonly fields: Readonly<Record<string, BatchedTensorMessage>>;
    readonly numDatums: number;
  }[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** The answer to a request for samples; `stopReason` 0: stop, 1: length; a prompt token without a log-prob has NaN. */
export interface SampleResponseMessage {
  readonly sequences: readonly {
    readonly stopReason: number;
    readonly tokens: Uint8Array;
    readonly logProbs: Uint8Array;
  }[];
  readonly promptLogProbs?: Uint8Array;
}

/** One kind of message, to bytes and back. */
export interface MessageCodec<Message> {
  readonly encode: (message: Message) => Uint8Array;
  /** @throws Error if the bytes are not protobuf. */
  readonly decode: (bytes: Uint8Array) => Message;
}

const { root } = protobuf.parse(schema);

const codec = <Message extends object>(name: string): MessageCodec<Message> => {
  const type = root.lookupType(`tinker.${name}`);
  return {
    encode: (message) => type.encode(message as Record<string, unknown>).finish(),
    decode: (bytes) =>
      type.toObject(type.decode(bytes), { longs: Number, arrays: true, objects: true, defaults: true }) as Message,
  };
};

/** Requests of a pass. */
export const forwardBackwardRequest = codec<ForwardBackwardRequestMessage>("ForwardBackwardRequest");
/** Answers to a pass. */
export const forwardBackwardOutput = codec<ForwardBackwardOutputMessage>("ForwardBackwardOutput");
/** Answers to a request for samples. */
export const sampleResponse = codec<SampleResponseMessage>("SampleResponse");
