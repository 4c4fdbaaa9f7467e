import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { float32 } from "../tensor.js";
import { explain } from "./explain.js";
import type { Expr } from "./expr.js";
import { add, concat, constant, input, less, loop, matmul, offCuda, reshape, scalar, tanh } from "./index.js";
import { call } from "./ops/op.js";

/** An operator that the CUDA provider lacks; this library has none of those. */
const hardmax = (x: Expr): Expr => call({ operator: "Hardmax", domain: "", infer: () => E.right([x]) }, [x]);

const counted = () => {
  const start = input("start", "float32", ["n"]);
  const body = (_: unknown, [x]: readonly ReturnType<typeof input>[]) => {
    const next = add(hardmax(x!), start);
    return { proceed: less(scalar(0), scalar(1)), carried: [next], kept: [next] };
  };
  const { carried, kept } = loop(input("turns", "int64", []), [{ initial: start, shape: ["n"] }], body, "count");
  return { last: carried[0]!, all: kept[0]! };
};

describe("explain", () => {
  it("shows small constants, tells large ones by their type, and lists what is shared once", () => {
    const x = input("x", "float32", [2, 3]);
    const table = constant(float32([2, 3, 2], new Array(12).fill(0)), "table");
    const text = explain({ y: concat([reshape(add(tanh(x), tanh(x)), [2, 3, 1]), table], 2) });
    expect(text.split("\n").filter((line) => line.includes("Tanh(")).length).toBe(1);
    expect(text).toContain("= Constant() value=[2, 3, 1]");
    expect(text).toContain("table float32[2, 3, 2] = Constant() value=float32[2, 3, 2]");
    expect(text).toMatch(/y float32\[2, 3, 3\] = Concat\(.*, table\) axis=2$/);
  });

  it("indents the body of a loop and says what it gives", () => {
    const lines = explain(counted()).split("\n");
    const at = lines.findIndex((line) => line.includes("= Loop("));
    expect(lines[at]).toMatch(/^last float32\[n\], all float32\[turns, n\] = Loop\(turns, /);
    expect(lines.slice(at + 1).some((line) => /^ {2}parameter \S+ float32\[n\]$/.test(line))).toBe(true);
    expect(lines.slice(at + 1).some((line) => /^ {2}gives /.test(line))).toBe(true);
  });

  it("marks what has no CUDA kernel, in bodies too", () => {
    expect(explain(counted())).not.toContain("CUDA");
    expect(explain(counted(), { device: "cuda" })).toMatch(/^ {2}Hardmax\S* .*<- no CUDA kernel: runs on the CPU$/m);
    const whole = input("whole", "int32", [2, 2]);
    expect(offCuda({ y: matmul(whole, whole) })).toEqual([{ operator: "MatMul", dtype: "int32", inLoop: false }]);
    expect(offCuda(counted())).toEqual([{ operator: "Hardmax", dtype: "float32", inLoop: true }]);
  });
});
