import { describe, expect, it } from "vitest";
import { float32, int32, type Tensor, tensor, zeros } from "../tensor.js";
import { inputProblems } from "./inputProblems.js";
import { badInput } from "./sessionError.js";

const wanted = {
  x: { dtype: "float32", shape: ["batch", 2] },
  y: { dtype: "int32", shape: ["batch"] },
} as const;

describe("inputProblems", () => {
  it("finds none in inputs that fit, empty and scalar ones among them", () => {
    expect(inputProblems(wanted, { x: zeros("float32", [3, 2]), y: zeros("int32", [3]) })).toEqual([]);
    expect(inputProblems(wanted, { x: zeros("float32", [0, 2]), y: zeros("int32", [0]) })).toEqual([]);
    expect(inputProblems({ s: { dtype: "float64", shape: [] } }, { s: zeros("float64", []) })).toEqual([]);
    expect(inputProblems({}, {})).toEqual([]);
  });

  it("lists everything at once, with what was given and what was wanted", () => {
    const problems = inputProblems(wanted, { x: float32([1, 3], [1, 2, 3]), z: int32([1], [1]) });
    expect(badInput("loss", problems).message.split("\n")).toEqual([
      'kernel "loss" cannot run with these inputs:',
      '  input "x": float32 [1, 3] given, float32 [batch, 2] wanted',
      '  input "y": nothing given, int32 [batch] wanted',
      '  input "z": a tensor given, only x, y wanted',
    ]);
  });

  it.each([
    ["another element type", zeros("float64", [3, 2])],
    ["another rank", zeros("float32", [3, 2, 1])],
    ["another fixed dimension", zeros("float32", [3, 1])],
    ["a negative dimension", { dtype: "float32", shape: [-1, 2], data: new Float32Array(2) } as Tensor],
    ["an array of another class", { dtype: "float32", shape: [3, 2], data: new Float64Array(6) } as unknown as Tensor],
    ["an array of another length", { dtype: "float32", shape: [3, 2], data: new Float32Array(5) } as Tensor],
  ])("refuses %s", (_, x) => {
    expect(inputProblems(wanted, { x, y: zeros("int32", [3]) })).toMatchObject([{ input: "x" }]);
  });

  it("refuses one name for two numbers, in two inputs or in one", () => {
    expect(inputProblems(wanted, { x: zeros("float32", [3, 2]), y: zeros("int32", [4]) })).toEqual([
      { input: "y", given: "int32 [4] (batch = 4)", wanted: 'int32 [batch] with batch = 3 as in input "x"' },
    ]);
    const square = { m: { dtype: "float32", shape: ["n", "n"] } } as const;
    expect(inputProblems(square, { m: zeros("float32", [2, 3]) })).toMatchObject([{ input: "m" }]);
  });

  it("takes no property of Object.prototype for an input", () => {
    const odd = { toString: { dtype: "float32", shape: [1] } } as const;
    expect(inputProblems(odd, {})).toMatchObject([{ input: "toString", given: "nothing" }]);
    expect(
      inputProblems(wanted, {
        x: zeros("float32", [1, 2]),
        y: zeros("int32", [1]),
        constructor: tensor("bool", [], new Uint8Array(1)),
      }),
    ).toMatchObject([{ input: "constructor" }]);
  });
});
