/** The float32 numbers of bfloat16 bits: the same sign, exponent and first 7 bits of the fraction. */
export const widenBfloat16 = (halves: Uint16Array): Float32Array => {
  const bits = new Uint32Array(halves.length);
  for (let at = 0; at < bits.length; at++) bits[at] = halves[at]! << 16;
  return new Float32Array(bits.buffer);
};

/** Bits of the float32 equal to a float16, which every float16 has; the payload of a NaN is kept. */
const float32Bits = (half: number): number => {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // subnormal: fraction * 2^-24, made normal
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
};

/** The float32 numbers of float16 bits. */
export const widenFloat16 = (halves: Uint16Array): Float32Array => {
  const bits = new Uint32Array(halves.length);
  for (let at = 0; at < bits.length; at++) bits[at] = float32Bits(halves[at]!);
  return new Float32Array(bits.buffer);
};
