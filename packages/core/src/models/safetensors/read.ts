import * as E from "fp-ts/Either";
import type { Tensor, Tensors } from "../../tensor.js";
import { fileTypes } from "./format.js";
import { asError, type Entry, readHeader, type SafetensorsError } from "./header.js";
import { widenBfloat16, widenFloat16 } from "./widen.js";

type Constructor<A> = new (buffer: ArrayBufferLike, offset: number, length: number) => A;

/** A view of the file where its bytes are aligned, a copy where they are not. */
const view = <A>(make: Constructor<A>, bytes: Uint8Array, { type, start, end }: Entry): A => {
  const width = fileTypes[type];
  const at = bytes.byteOffset + start;
  const count = (end - start) / width;
  return at % width === 0 ? new make(bytes.buffer, at, count) : new make(bytes.slice(start, end).buffer, 0, count);
};

const tensorOf = (bytes: Uint8Array, entry: Entry): Tensor => {
  const { shape } = entry;
  switch (entry.type) {
    case "F32":
      return { dtype: "float32", shape, data: view(Float32Array, bytes, entry) };
    case "F64":
      return { dtype: "float64", shape, data: view(Float64Array, bytes, entry) };
    case "I32":
      return { dtype: "int32", shape, data: view(Int32Array, bytes, entry) };
    case "I64":
      return { dtype: "int64", shape, data: view(BigInt64Array, bytes, entry) };
    case "BF16":
      return { dtype: "float32", shape, data: widenBfloat16(view(Uint16Array, bytes, entry)) };
    case "F16":
      return { dtype: "float32", shape, data: widenFloat16(view(Uint16Array, bytes, entry)) };
    case "U8":
    case "BOOL":
      return { dtype: "bool", shape, data: view(Uint8Array, bytes, entry) };
  }
};

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The tensors and the metadata of a safetensors file.
 *
 * F32, F64, I32 and I64 keep their type and their bits; F16 and BF16 are widened to float32 (exact); U8 and BOOL
 * become byte tensors of type "bool". Aligned tensors are views of `bytes`, so keep those unchanged and do not transfer
 * their buffer; the others are copies. The header is checked in full before a tensor is made: length, JSON, types,
 * shapes, sizes, gaps, overlaps, bytes left over.
 *
 * Errors: SafetensorsError with the file, the tensor and what is wrong.
 *
 * @param bytes the whole file
 * @param where its path, for messages
 * @see safetensors, https://huggingface.co/docs/safetensors
 * @example
 * import { readSafetensors } from "@msrl/core/models";
 * const read = readSafetensors(new Uint8Array(3), "model.safetensors");
 * assert.deepStrictEqual(read._tag === "Left" && read.left.file, "model.safetensors");
 * @since 0.1.0
 */
export const readSafetensors = (bytes: Uint8Array, where: string): E.Either<SafetensorsError, SafetensorsFile> => {
  const header = readHeader(bytes);
  if (E.isLeft(header)) return E.left(asError(where, header.left));
  const { entries, metadata } = header.right;
  const tensors = Object.fromEntries(entries.map((entry) => [entry.name, tensorOf(bytes, entry)]));
  return E.right({ tensors, metadata });
};
