import { describe, expect, it } from "vitest";
import { dataProblem, numbersProblem } from "./checkData.js";
import type { EngineDatum } from "./client.js";

const good: EngineDatum = {
  input: [{ type: "text", tokens: [1, 2] }],
  inputs: { target_tokens: Int32Array.of(2, 3), advantages: Float32Array.of(0, 1) },
};
const withInputs = (inputs: EngineDatum["inputs"]): EngineDatum => ({ ...good, inputs });

describe("dataProblem", () => {
  it("finds nothing wrong with arrays as long as their sequence", () => {
    expect(dataProblem([good])).toBeUndefined();
    const image = { type: "image", data: Uint8Array.of(1), format: "png" } as const;
    const seen = (expectedTokens?: number): EngineDatum => ({
      input: [{ ...image, ...(expectedTokens !== undefined && { expectedTokens }) }, ...good.input],
      inputs: { weights: new Float32Array(5) },
    });
    expect(dataProblem([seen(3), seen()])).toBeUndefined();
    expect(dataProblem([seen(2)])).toBe("datum 0: weights has 5 numbers, wanted 4, one a position");
  });

  it.each([
    [[], "there is no datum"],
    [[{ input: [], inputs: {} }], "datum 0: there is no token in it"],
    [
      [good, withInputs({ logprobs: Float32Array.of(0, Number.POSITIVE_INFINITY) })],
      "datum 1: logprobs[1] is Infinity, wanted a finite number",
    ],
    [[withInputs({ advantages: Float32Array.of(1) })], "datum 0: advantages has 1 numbers, wanted 2, one a position"],
    [[{ ...good, input: [{ type: "text", tokens: [1, -2] }] }], "datum 0: chunk 0, token 1 is -2, wanted a token id"],
    [[{ ...good, input: [{ type: "text", tokens: [1, 0.5] }] }], "datum 0: chunk 0, token 1 is 0.5, wanted a token id"],
  ] as [EngineDatum[], string][])("names what is wrong: %#", (data, message) => {
    expect(dataProblem(data)).toBe(message);
  });
});

describe("numbersProblem", () => {
  it("names the number", () => {
    expect(numbersProblem({ a: 1, b: Number.NaN })).toBe("b is NaN, wanted a finite number");
    expect(numbersProblem({ a: 1 })).toBeUndefined();
  });
});
