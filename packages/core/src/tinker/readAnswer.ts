import * as E from "fp-ts/Either";
import { bfloat16Of, float32Of, int32Of, int64Of } from "./bytes.js";
import type { EngineOutput, EngineSequence } from "./client.js";
import { type BatchedTensorMessage, elementTypes, forwardBackwardOutput, sampleResponse } from "./schema.js";

/** An answer's body: bytes (protobuf, an archive) or the value of its JSON. */
export type AnswerBody =
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "json"; readonly value: unknown };

/** Completions, and log-probs of the prompt where they were asked for (NaN: none). */
export interface SampleAnswer {
  readonly sequences: readonly EngineSequence[];
  readonly promptLogProbs?: Float32Array;
}

type Json = Readonly<Record<string, unknown>>;

/** A JSON object's fields; none of anything else. */
export const fieldsOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);
const floats = (value: unknown): Float32Array => Float32Array.from(listOf(value), numberOf);

const metricsOf = (value: unknown): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(fieldsOf(value)).map(([name, metric]) => [name, numberOf(metric)]));

const slices = ({ data, offsets, dtype }: BatchedTensorMessage): readonly Float32Array[] => {
  const ends = int64Of(offsets) ?? [];
  const read = dtype === elementTypes.bfloat16 ? bfloat16Of : dtype === elementTypes.float32 ? float32Of : undefined;
  const inside = ends.every((end, at) => end >= (at === 0 ? 0 : ends[at - 1]!) && end <= data.length);
  if (!read || !inside) throw new Error("its log-probs are of no known type or lie outside of the answer");
  return ends.slice(1).map((end, at) => {
    const array = read(data.subarray(ends[at]!, end));
    if (!array) throw new Error(`the log-probs of datum ${at} end within a number`);
    return array;
  });
};

const protobufOutput = (bytes: Uint8Array): EngineOutput => {
  const { records, metrics } = forwardBackwardOutput.decode(bytes);
  const logProbs = records.flatMap(({ fields }) => (fields.logprobs ? slices(fields.logprobs) : []));
  return { logProbs, metrics };
};

const jsonOutput = (value: unknown): EngineOutput => {
  const { loss_fn_outputs, metrics } = fieldsOf(value);
  const logProbs = listOf(loss_fn_outputs).map((output) => floats(fieldsOf(fieldsOf(output).logprobs).data));
  return { logProbs, metrics: metricsOf(metrics) };
};

const stopReasons = ["stop", "length"] as const;

const protobufSamples = (bytes: Uint8Array): SampleAnswer => {
  const { sequences, promptLogProbs } = sampleResponse.decode(bytes);
  const prompt = promptLogProbs && float32Of(promptLogProbs);
  return {
    sequences: sequences.map(({ stopReason, tokens, logProbs }) => ({
      tokens: Array.from(int32Of(tokens) ?? []),
      logProbs: float32Of(logProbs) ?? new Float32Array(0),
      stopReason: stopReasons[stopReason] ?? "length",
    })),
    ...(prompt && { promptLogProbs: prompt }),
  };
};

const jsonSamples = (value: unknown): SampleAnswer => {
  const { sequences, prompt_logprobs } = fieldsOf(value);
  return {
    sequences: listOf(sequences).map((sequence) => {
      const { tokens, logprobs, stop_reason } = fieldsOf(sequence);
      const stopReason = stop_reason === "stop" ? "stop" : "length";
      return { tokens: listOf(tokens).map(numberOf), logProbs: floats(logprobs), stopReason };
    }),
    ...(Array.isArray(prompt_logprobs) && { promptLogProbs: floats(prompt_logprobs) }),
  };
};

const read =
  <Value>(bytes: (bytes: Uint8Array) => Value, json: (value: unknown) => Value) =>
  (body: AnswerBody): E.Either<string, Value> =>
    E.tryCatch(
      () => (body.type === "bytes" ? bytes(body.bytes) : json(body.value)),
      (thrown) => (thrown as Error).message,
    );

/** The first number of an array that is not finite, as a message says it. */
const notFinite = (array: Float32Array, what: string): string | undefined => {
  const odd = array.findIndex((value) => !Number.isFinite(value));
  return odd < 0 ? undefined : `${what}[${odd}] is ${array[odd]}`;
};

const outputProblem = ({ logProbs }: EngineOutput, lengths: readonly (number | undefined)[]): string | undefined => {
  if (logProbs.length !== lengths.length) return `it holds ${logProbs.length} sequences of ${lengths.length}`;
  for (const [at, array] of logProbs.entries()) {
    const wanted = lengths[at];
    if (wanted !== undefined && array.length !== wanted)
      return `datum ${at} has ${array.length} log-probs for ${wanted} positions`;
    const odd = notFinite(array, `datum ${at}: logprobs`);
    if (odd !== undefined) return odd;
  }
  return undefined;
};

const checked =
  <Value>(problem: (value: Value) => string | undefined) =>
  (value: Value): E.Either<string, Value> => {
    const found = problem(value);
    return found === undefined ? E.right(value) : E.left(found);
  };

/** The answer to a pass over sequences of these lengths, or what is wrong with it: numbers that are not finite, for one. */
export const outputOf =
  (lengths: readonly (number | undefined)[]) =>
  (body: AnswerBody): E.Either<string, EngineOutput> =>
    E.chain(checked<EngineOutput>((output) => outputProblem(output, lengths)))(read(protobufOutput, jsonOutput)(body));

const sequenceProblem = ({ tokens, logProbs }: EngineSequence, at: number): string | undefined => {
  if (!tokens.every((token) => Number.isInteger(token) && token >= 0)) return `completion ${at} holds no token ids`;
  if (logProbs.length !== tokens.length)
    return `completion ${at} has ${logProbs.length} log-probs for ${tokens.length} tokens`;
  return notFinite(logProbs, `completion ${at}: logprobs`);
};

/** The answer to a request for so many samples, or what is wrong with it. */
export const samplesOf =
  (wanted: number) =>
  (body: AnswerBody): E.Either<string, SampleAnswer> =>
    E.chain(
      checked<SampleAnswer>(({ sequences }) =>
        sequences.length === wanted
          ? sequences.map(sequenceProblem).find((problem) => problem !== undefined)
          : `it holds ${sequences.length} completions of ${wanted}`,
      ),
    )(read(protobufSamples, jsonSamples)(body));

/** The fields of a JSON answer. */
export const jsonOf = (body: AnswerBody): E.Either<string, Json> =>
  body.type === "json" ? E.right(fieldsOf(body.value)) : E.left("it is no JSON");
