/** A number rounded to whole, halves to even. */
const toEven = (value: number): number => {
  const rounded = Math.round(value);
  return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
};

/** The exponent of a number above 0, exactly. */
const exponentOf = (value: number): number => {
  const guess = Math.floor(Math.log2(value));
  if (2 ** guess > value) return guess - 1;
  return 2 ** (guess + 1) <= value ? guess + 1 : guess;
};

/** Bits of the nearest float with so many bits of fraction and of exponent, ties to even, too large ones infinite. */
const narrow =
  (fractionBits: number, exponentBits: number) =>
  (value: number): number => {
    const infinite = (2 ** exponentBits - 1) * 2 ** fractionBits;
    if (Number.isNaN(value)) return infinite + 2 ** (fractionBits - 1);
    const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
    const size = Math.abs(value);
    if (size === 0) return sign;
    if (size === Number.POSITIVE_INFINITY) return sign + infinite;
    const bias = 2 ** (exponentBits - 1) - 1;
    const exponent = Math.max(exponentOf(size), 1 - bias);
    const steps = toEven(size / 2 ** (exponent - fractionBits));
    return sign + Math.min(steps + (exponent + bias - 1) * 2 ** fractionBits, infinite);
  };

/** Bits of the float16 nearest to a number. */
export const float16Bits: (value: number) => number = narrow(10, 5);

/** Bits of the bfloat16 nearest to a number. */
export const bfloat16Bits: (value: number) => number = narrow(7, 8);
