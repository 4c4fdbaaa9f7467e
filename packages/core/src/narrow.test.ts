import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { widenBfloat16, widenFloat16 } from "./models/safetensors/widen.js";
import { bfloat16Bits, float16Bits } from "./narrow.js";

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.each([
  ["float16", float16Bits, widenFloat16, 65504, 65520, 2 ** -24],
  ["bfloat16", bfloat16Bits, widenBfloat16, 2 ** 127 * (2 - 2 ** -7), 2 ** 127 * (2 - 2 ** -8), 2 ** -133],
] as const)("numbers as %s", (_, bitsOf, widen, largest, overflow, smallest) => {
  const values = widen(all);
  const rounded = (value: number): number => widen(Uint16Array.of(bitsOf(value)))[0]!;

  it("keeps every number of the type, bit for bit", () => {
    expect([...all].filter((bits) => !Number.isNaN(values[bits]) && bitsOf(values[bits]!) !== bits)).toEqual([]);
    expect(rounded(Number.NaN)).toBeNaN();
  });

  it("gives the nearest, the one with an even last bit of two that are as near", () => {
    const finite = [...values].filter(Number.isFinite).sort((a, b) => a - b);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: finite.length - 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (at, part) => {
          const [low, high] = [finite[at]!, finite[at + 1]!];
          const value = low + (high - low) * part;
          const got = rounded(value);
          const error = Math.abs(got - value);
          expect(error).toBe(Math.min(Math.abs(value - low), Math.abs(high - value)));
          if (low < value && value < high && value - low === high - value) expect(bitsOf(value) % 2).toBe(0);
        },
      ),
      {
        examples: [
          [finite.indexOf(1), 0.5],
          [finite.indexOf(1) + 1, 0.5],
        ],
      },
    );
  });

  it("overflows to infinity halfway beyond the largest, and reaches the smallest", () => {
    expect(rounded(largest)).toBe(largest);
    expect(rounded(overflow)).toBe(Number.POSITIVE_INFINITY);
    expect(rounded(-overflow * 2)).toBe(Number.NEGATIVE_INFINITY);
    expect(rounded(smallest)).toBe(smallest);
    expect(Object.is(rounded(-smallest / 4), -0)).toBe(true);
  });
});
