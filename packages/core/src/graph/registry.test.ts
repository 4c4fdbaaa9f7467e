import { describe, expect, it } from "vitest";
import { uses } from "../../test/vjpUses.js";
import { flatOps, ops, vjps } from "./registry.js";

/** Kernels that the CPU provider has in float32 only, and casts from and to it. */
const float32Only = [
  "Cast",
  "Erf",
  "SimplifiedLayerNormalization",
  "com.microsoft.FusedMatMul",
  "com.microsoft.QuickGelu",
  "com.microsoft.RotaryEmbedding",
];

describe("the registry", () => {
  it("has uses of every operator with a VJP", () => {
    expect(Object.keys(uses).sort()).toEqual(Object.keys(vjps).sort());
  });

  it("has a VJP for every operator whose result changes smoothly", () => {
    expect(Object.keys(ops).filter((operator) => !vjps[operator] && !flatOps.has(operator))).toEqual([]);
  });

  it("checks in float32, with wider tolerances, only what ONNX Runtime has in no other float type", () => {
    const inFloat32 = Object.keys(uses).filter((operator) => uses[operator]!.some(({ float32 }) => float32));
    expect(inFloat32.sort()).toEqual(float32Only);
  });
});
