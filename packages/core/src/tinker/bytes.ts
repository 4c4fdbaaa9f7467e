/*
 * Arrays as the engine's little-endian bytes and back. Typed arrays keep the order of the machine, and Node runs on
 * little-endian machines alone, so that these are views and copies, never a loop over bytes.
 */

/** The bytes of a typed array, not copied. */
export const bytesOf = (array: Float32Array | Int32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Whole numbers as int64 bytes: each followed by its sign. */
export const int64Bytes = (values: Int32Array): Uint8Array => {
  const words = new Int32Array(2 * values.length);
  for (let at = 0; at < values.length; at++) {
    words[2 * at] = values[at]!;
    words[2 * at + 1] = values[at]! >> 31;
  }
  return bytesOf(words);
};

/** A copy of bytes whose length is a multiple of `size`, in a buffer of its own and so aligned; undefined for others. */
const aligned = (bytes: Uint8Array, size: number): ArrayBuffer | undefined =>
  bytes.length % size === 0 ? (new Uint8Array(bytes).buffer as ArrayBuffer) : undefined;

/** The float32 numbers of bytes, undefined where the bytes end within one. */
export const float32Of = (bytes: Uint8Array): Float32Array | undefined => {
  const buffer = aligned(bytes, 4);
  return buffer && new Float32Array(buffer);
};

/** The int32 numbers of bytes, undefined where the bytes end within one. */
export const int32Of = (bytes: Uint8Array): Int32Array | undefined => {
  const buffer = aligned(bytes, 4);
  return buffer && new Int32Array(buffer);
};

/** The int64 numbers of bytes as plain numbers, undefined where the bytes end within one. */
export const int64Of = (bytes: Uint8Array): readonly number[] | undefined => {
  const buffer = aligned(bytes, 8);
  return buffer && Array.from(new BigInt64Array(buffer), Number);
};

/** The bfloat16 numbers of bytes, widened, undefined where the bytes end within one. */
export const bfloat16Of = (bytes: Uint8Array): Float32Array | undefined => {
  const buffer = aligned(bytes, 2);
  if (!buffer) return undefined;
  const halves = new Uint16Array(buffer);
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
};
