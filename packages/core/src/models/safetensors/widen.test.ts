import { describe, expect, it } from "vitest";
import { file, read } from "../../../test/safetensorsFile.js";

describe("half types", () => {
  it("widens every bfloat16 and float16 as a plain formula does", () => {
    const value = (half: number, exponentBits: number): number => {
      const fractionBits = 15 - exponentBits;
      const sign = half & 0x8000 ? -1 : 1;
      const exponent = (half & 0x7fff) >> fractionBits;
      const fraction = (half & (2 ** fractionBits - 1)) / 2 ** fractionBits;
      const bias = 2 ** (exponentBits - 1) - 1;
      if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
    };
    const all = Uint16Array.from({ length: 65536 }, (_, half) => half);
    for (const [dtype, exponentBits] of [
      ["F16", 5],
      ["BF16", 8],
    ] as const) {
      const entry = { dtype, shape: [65536], data_offsets: [0, 131072] };
      const wide = read(file({ x: entry }, new Uint8Array(all.buffer))).tensors.x!.data as Float32Array;
      const wanted = Float32Array.from(all, (half) => value(half, exponentBits));
      expect(wide.every((number, at) => Object.is(number, wanted[at]))).toBe(true);
    }
  });
});
