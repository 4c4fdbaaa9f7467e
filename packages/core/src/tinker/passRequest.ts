import { bytesOf, int64Bytes } from "./bytes.js";
import type { EngineArray, EngineChunk, EngineDatum, EngineLoss } from "./client.js";
import { type ChunkMessage, elementTypes, forwardBackwardRequest, type TensorMessage } from "./schema.js";

/** A pass over a batch, with a gradient or without. */
export interface PassRequest {
  readonly modelId: string;
  readonly seqId: number;
  readonly data: readonly EngineDatum[];
  readonly loss: EngineLoss;
  readonly forwardOnly: boolean;
}

const int32Bytes = (values: ArrayLike<number>): Uint8Array =>
  bytesOf(values instanceof Int32Array ? values : Int32Array.from(values));

const chunkMessage = (chunk: EngineChunk): ChunkMessage =>
  chunk.type === "text"
    ? { text: { tokens: int32Bytes(chunk.tokens) } }
    : {
        image: {
          data: chunk.data,
          format: chunk.format,
          ...(chunk.expectedTokens !== undefined && { expectedTokens: chunk.expectedTokens }),
        },
      };

const tensorMessage = (array: EngineArray): TensorMessage => ({
  dense: array instanceof Float32Array ? bytesOf(array) : int64Bytes(array),
  dtype: array instanceof Float32Array ? elementTypes.float32 : elementTypes.int64,
  shape: [array.length],
});

const mapped = <From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

/** The protobuf bytes of a pass. */
export const passBytes = ({ modelId, seqId, data, loss, forwardOnly }: PassRequest): Uint8Array =>
  forwardBackwardRequest.encode({
    modelId,
    seqId,
    data: data.map(({ input, inputs }) => ({ input: input.map(chunkMessage), inputs: mapped(inputs, tensorMessage) })),
    lossFn: loss.name,
    lossFnConfig: loss.config ?? {},
    forwardOnly,
  });

/** A piece of a prompt as JSON. */
export const chunkJson = (chunk: EngineChunk): object =>
  chunk.type === "text"
    ? { type: "encoded_text", tokens: Array.from(chunk.tokens) }
    : {
        type: "image",
        data: Buffer.from(chunk.data).toString("base64"),
        format: chunk.format,
        ...(chunk.expectedTokens !== undefined && { expected_tokens: chunk.expectedTokens }),
      };

const tensorJson = (array: EngineArray): object => ({
  data: Array.from(array),
  dtype: array instanceof Float32Array ? "float32" : "int64",
  shape: [array.length],
});

/** The JSON of a pass; a float32 number is written so that it reads back as itself. */
export const passJson = ({ modelId, seqId, data, loss, forwardOnly }: PassRequest): object => ({
  model_id: modelId,
  seq_id: seqId,
  [forwardOnly ? "forward_input" : "forward_backward_input"]: {
    data: data.map(({ input, inputs }) => ({
      model_input: { chunks: input.map(chunkJson) },
      loss_fn_inputs: mapped(inputs, tensorJson),
    })),
    loss_fn: loss.name,
    ...(loss.config && { loss_fn_config: loss.config }),
  },
});
