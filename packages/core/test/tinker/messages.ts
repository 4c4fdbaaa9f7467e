import type { ServerResponse } from "node:http";
import { bytesOf, float32Of, int32Of, int64Of } from "../../src/tinker/bytes.js";
import type { EngineLoss } from "../../src/tinker/client.js";
import {
  elementTypes,
  forwardBackwardOutput,
  forwardBackwardRequest,
  sampleResponse,
  type TensorMessage,
} from "../../src/tinker/schema.js";
import type { BigramDatum } from "./bigram.js";

/** A pass as either wire brings it. */
export interface Pass {
  readonly model: string;
  readonly seqId: number | undefined;
  readonly data: readonly BigramDatum[];
  readonly loss: EngineLoss;
  readonly forwardOnly: boolean;
}

/** What a request ends in, before it is written on a wire. */
export type Outcome =
  | {
      readonly type: "pass";
      readonly logProbs: readonly (readonly number[])[];
      readonly metrics: Record<string, number>;
    }
  | {
      readonly type: "sample";
      readonly sequences: readonly { tokens: readonly number[]; logProbs: readonly number[]; stop: boolean }[];
      readonly prompt?: readonly number[];
    }
  | { readonly type: "json"; readonly value: object }
  | { readonly type: "failed"; readonly detail: string };

const numbersOf = ({ dense, dtype }: TensorMessage): readonly number[] =>
  dtype === elementTypes.float32 ? Array.from(float32Of(dense)!) : int64Of(dense)!;

/** A pass out of protobuf. */
export const passFromBytes = (bytes: Uint8Array): Pass => {
  const { modelId, seqId, data, lossFn, lossFnConfig, forwardOnly } = forwardBackwardRequest.decode(bytes);
  return {
    model: modelId,
    seqId: seqId || undefined,
    data: data.map(({ input, inputs }) => ({
      tokens: input.flatMap(({ text }) => (text ? Array.from(int32Of(text.tokens)!) : [])),
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, numbersOf(tensor)])),
    })),
    loss: { name: lossFn, config: lossFnConfig },
    forwardOnly,
  };
};

/** What JSON bodies hold that the server reads. */
// biome-ignore lint/suspicious/noExplicitAny: a request's JSON
export type Body = any;

/** The tokens of a prompt in JSON. */
export const tokensOf = (prompt: Body): readonly number[] => prompt.chunks.flatMap((chunk: Body) => chunk.tokens ?? []);

/** A pass out of JSON. */
export const passFromJson = (body: Body): Pass => {
  const input = body.forward_input ?? body.forward_backward_input;
  return {
    model: body.model_id,
    seqId: body.seq_id,
    data: input.data.map(({ model_input, loss_fn_inputs }: Body) => ({
      tokens: tokensOf(model_input),
      inputs: Object.fromEntries(Object.entries<Body>(loss_fn_inputs).map(([name, { data }]) => [name, data])),
    })),
    loss: { name: input.loss_fn, config: input.loss_fn_config ?? {} },
    forwardOnly: body.forward_input !== undefined,
  };
};

const floats = (values: readonly number[]): Uint8Array => bytesOf(Float32Array.from(values));

const passBytes = ({ logProbs, metrics }: Outcome & { type: "pass" }): Uint8Array => {
  const ends = logProbs.map((_, at) => 4 * logProbs.slice(0, at + 1).flat().length);
  const fields = {
    logprobs: {
      data: floats(logProbs.flat()),
      offsets: bytesOf(BigInt64Array.from([0, ...ends], BigInt)),
      dtype: elementTypes.float32,
    },
  };
  return forwardBackwardOutput.encode({ type: "t", records: [{ fields, numDatums: logProbs.length }], metrics });
};

const sampleBytes = ({ sequences, prompt }: Outcome & { type: "sample" }): Uint8Array =>
  sampleResponse.encode({
    sequences: sequences.map(({ tokens, logProbs, stop }) => ({
      stopReason: stop ? 0 : 1,
      tokens: bytesOf(Int32Array.from(tokens)),
      logProbs: floats(logProbs),
    })),
    ...(prompt && { promptLogProbs: floats(prompt) }),
  });

const jsonOf = (outcome: Outcome): object => {
  if (outcome.type === "pass") {
    const outputs = outcome.logProbs.map((data) => ({ logprobs: { data, dtype: "float32", shape: [data.length] } }));
    return { loss_fn_outputs: outputs, metrics: outcome.metrics };
  }
  if (outcome.type === "sample")
    return {
      sequences: outcome.sequences.map(({ tokens, logProbs, stop }) => ({
        tokens,
        logprobs: logProbs,
        stop_reason: stop ? "stop" : "length",
      })),
      ...(outcome.prompt && { prompt_logprobs: outcome.prompt }),
    };
  return outcome.type === "json" ? outcome.value : { detail: outcome.detail };
};

/** An outcome as bytes of a wire, with its type and status. */
export const written = (
  outcome: Outcome,
  wire: "protobuf" | "json",
): { status: number; type: string; bytes: Uint8Array } => {
  if (wire === "protobuf" && (outcome.type === "pass" || outcome.type === "sample")) {
    const bytes = outcome.type === "pass" ? passBytes(outcome) : sampleBytes(outcome);
    return { status: 200, type: "application/x-protobuf", bytes };
  }
  const text = JSON.stringify(jsonOf(outcome), (_, value) => (Number.isNaN(value) ? "NaN!" : value));
  const bytes = Buffer.from(text.replaceAll('"NaN!"', "NaN")); // as Python's json writes it
  return { status: outcome.type === "failed" ? 400 : 200, type: "application/json", bytes };
};

/** Sends it. */
export const send = (response: ServerResponse, status: number, value: object): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};
