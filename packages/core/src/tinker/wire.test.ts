import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { bfloat16Of, bytesOf, int64Bytes, int64Of } from "./bytes.js";
import type { EngineDatum } from "./client.js";
import { passBytes, passJson } from "./passRequest.js";
import { outputOf, samplesOf } from "./readAnswer.js";

/** Bytes by hand: a field of a number's varint, or of bytes behind their length; fields and lengths below 128. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const varint = (field: number, value: number): number[] => [field << 3, value];
const inside = (field: number, bytes: readonly number[]): number[] => [(field << 3) | 2, bytes.length, ...bytes];
const text = (field: number, value: string): number[] => inside(field, [...Buffer.from(value)]);
const int32 = (...values: number[]): number[] => [...bytesOf(Int32Array.from(values))];
const float32 = (...values: number[]): number[] => [...bytesOf(Float32Array.from(values))];
const int64 = (...values: number[]): number[] => [...bytesOf(BigInt64Array.from(values, BigInt))];
const bytes = (...parts: readonly (readonly number[])[]): { type: "bytes"; bytes: Uint8Array } => ({
  type: "bytes",
  bytes: Uint8Array.from(parts.flat()),
});

const datum: EngineDatum = {
  input: [
    { type: "text", tokens: [7, 300] },
    { type: "image", data: Uint8Array.of(9, 8), format: "png", expectedTokens: 1 },
  ],
  inputs: { target_tokens: Int32Array.of(300, -1, 2), weights: Float32Array.of(0.5, 0, -1) },
};
const pass = { modelId: "m", seqId: 3, data: [datum], loss: { name: "ppo", config: { clip: 1 } }, forwardOnly: true };

describe("a pass as bytes", () => {
  it("has the API's field numbers, little-endian", () => {
    const tensor = (data: number[], dtype: number) => [
      ...inside(1, data),
      ...varint(3, dtype),
      ...inside(4, [3]), // shape, packed
    ];
    const one = [
      ...inside(1, inside(1, inside(1, int32(7, 300)))),
      ...inside(1, inside(2, [...inside(1, [9, 8]), ...text(2, "png"), ...varint(3, 1)])),
      ...inside(2, [...text(1, "target_tokens"), ...inside(2, tensor(int64(300, -1, 2), 2))]),
      ...inside(2, [...text(1, "weights"), ...inside(2, tensor(float32(0.5, 0, -1), 1))]),
    ];
    const wanted = [
      ...text(1, "m"),
      ...varint(2, 3),
      ...inside(3, one),
      ...text(4, "ppo"),
      ...inside(5, [...text(1, "clip"), (2 << 3) | 1, ...Buffer.from(Float64Array.of(1).buffer)]),
      ...varint(6, 1),
    ];
    // a message of more than 127 bytes has a length of two
    const at = wanted.indexOf((3 << 3) | 2);
    const length = one.length;
    if (length > 127) wanted.splice(at + 1, 1, (length & 127) | 128, length >> 7);
    expect(hex(passBytes(pass))).toBe(hex(Uint8Array.from(wanted)));
  });

  it("leaves out what is zero, as proto3 does", () => {
    const empty = { modelId: "m", seqId: 0, data: [], loss: { name: "l" }, forwardOnly: false };
    expect(hex(passBytes(empty))).toBe(hex(Uint8Array.from([...text(1, "m"), ...text(4, "l")])));
  });

  it("is JSON by the API's names, floats that read back as themselves", () => {
    const json = JSON.parse(JSON.stringify(passJson({ ...pass, forwardOnly: false })));
    expect(json).toEqual({
      model_id: "m",
      seq_id: 3,
      forward_backward_input: {
        data: [
          {
            model_input: {
              chunks: [
                { type: "encoded_text", tokens: [7, 300] },
                { type: "image", data: "CQg=", format: "png", expected_tokens: 1 },
              ],
            },
            loss_fn_inputs: {
              target_tokens: { data: [300, -1, 2], dtype: "int64", shape: [3] },
              weights: { data: [0.5, 0, -1], dtype: "float32", shape: [3] },
            },
          },
        ],
        loss_fn: "ppo",
        loss_fn_config: { clip: 1 },
      },
    });
    expect(passJson(pass)).toHaveProperty("forward_input");
  });
});

describe("an answer to a pass", () => {
  const batched = (data: number[], dtype: number, ...ends: number[]) =>
    inside(2, [
      ...inside(2, [
        ...text(1, "logprobs"),
        ...inside(2, [...inside(1, data), ...inside(2, int64(...ends)), ...varint(3, dtype)]),
      ]),
      ...varint(3, ends.length - 1),
    ]);
  const metric = inside(3, [...text(1, "loss"), (2 << 3) | 1, ...Buffer.from(Float64Array.of(2.5).buffer)]);

  it("is read out of bytes, records joined, each by its offsets", () => {
    const body = bytes(text(1, "t"), batched(float32(-1, -2, -3), 1, 0, 4, 12), batched(float32(-4), 1, 0, 4), metric);
    expect(outputOf([1, 2, 1])(body)).toEqual(
      E.right({
        logProbs: [Float32Array.of(-1), Float32Array.of(-2, -3), Float32Array.of(-4)],
        metrics: { loss: 2.5 },
      }),
    );
  });

  it("may be bfloat16, or JSON", () => {
    const half = [0x80, 0xbf]; // -1
    expect(outputOf([1])(bytes(batched(half, 4, 0, 2)))).toMatchObject(E.right({ logProbs: [Float32Array.of(-1)] }));
    const value = { loss_fn_outputs: [{ logprobs: { data: [-1, -2] } }], metrics: { a: 1, b: null } };
    expect(outputOf([2])({ type: "json", value })).toEqual(
      E.right({ logProbs: [Float32Array.of(-1, -2)], metrics: { a: 1, b: Number.NaN } }),
    );
  });

  it.each([
    ["another number of sequences", batched(float32(-1), 1, 0, 4), /holds 1 sequences of 2/],
    ["another length", batched(float32(-1, -2, -3), 1, 0, 8, 12), /datum 0 has 2 log-probs for 1 positions/],
    ["a number that is none", batched(float32(-1, Number.NaN), 1, 0, 4, 8), /datum 1: logprobs\[0\] is NaN/],
    ["offsets behind the end", batched(float32(-1, -2), 1, 0, 4, 12), /lie outside of the answer/],
    ["half a number", batched(float32(-1, -2), 1, 0, 3, 8), /datum 0 end within a number/],
    ["another type", batched(float32(-1, -2), 2, 0, 4, 8), /of no known type/],
    ["no protobuf", [0xff, 0xff], /./],
  ])("with %s is refused by name", (_, body, message) => {
    const found = outputOf([1, 1])(bytes(body));
    expect(E.isLeft(found) && found.left).toMatch(message);
  });
});

describe("an answer with samples", () => {
  it("is read out of bytes and JSON", () => {
    const sequences = [
      inside(1, [...inside(2, int32(5, 2)), ...inside(3, float32(-1, -2))]),
      inside(1, [...varint(1, 1), ...inside(2, int32(4)), ...inside(3, float32(-3))]),
    ];
    const wanted = [
      { tokens: [5, 2], logProbs: Float32Array.of(-1, -2), stopReason: "stop" },
      { tokens: [4], logProbs: Float32Array.of(-3), stopReason: "length" },
    ];
    expect(samplesOf(2)(bytes(...sequences))).toEqual(E.right({ sequences: wanted }));
    expect(samplesOf(2)(bytes(...sequences, inside(2, float32(Number.NaN, -1))))).toEqual(
      E.right({ sequences: wanted, promptLogProbs: Float32Array.of(Number.NaN, -1) }),
    );
    const value = {
      sequences: [
        { tokens: [5, 2], logprobs: [-1, -2], stop_reason: "stop" },
        { tokens: [4], logprobs: [-3], stop_reason: "length" },
      ],
      prompt_logprobs: [null, -1],
    };
    expect(samplesOf(2)({ type: "json", value })).toEqual(
      E.right({ sequences: wanted, promptLogProbs: Float32Array.of(Number.NaN, -1) }),
    );
  });

  it.each([
    [{ sequences: [] }, /holds 0 completions of 1/],
    [{ sequences: [{ tokens: [1], logprobs: [] }] }, /completion 0 has 0 log-probs for 1 tokens/],
    [{ sequences: [{ tokens: [1.5], logprobs: [-1] }] }, /completion 0 holds no token ids/],
    [{ sequences: [{ tokens: [1], logprobs: [null] }] }, /completion 0: logprobs\[0\] is NaN/],
    ["nothing", /holds 0 completions of 1/],
  ])("that is %j is refused by name", (value, message) => {
    const found = samplesOf(1)({ type: "json", value });
    expect(E.isLeft(found) && found.left).toMatch(message);
  });
});

describe("bytes", () => {
  it("are int64 with their sign, and bfloat16 widened", () => {
    expect(int64Of(int64Bytes(Int32Array.of(1, -1, -(2 ** 31))))).toEqual([1, -1, -(2 ** 31)]);
    expect(bfloat16Of(Uint8Array.of(0, 0x40, 0, 0xc0))).toEqual(Float32Array.of(2, -2));
    expect(bfloat16Of(Uint8Array.of(0))).toBeUndefined();
  });
});
