import type { DType } from "../../tensor.js";

/** Element types of a safetensors file that are read, with their bytes an element. */
export const fileTypes = { I64: 8, F64: 8, F32: 4, I32: 4, BF16: 2, F16: 2, U8: 1, BOOL: 1 } as const;

/** Name of an element type as a safetensors file spells it. */
export type FileType = keyof typeof fileTypes;

/**
 * The element type that each host tensor is written as, in the order in which a file holds them.
 *
 * The widest comes first, so that every tensor is aligned; it is also the order of the Python library, so that the
 * same tensors give the same bytes there and here.
 */
export const written: Readonly<Record<DType, FileType>> = {
  int64: "I64",
  float64: "F64",
  float32: "F32",
  int32: "I32",
  bfloat16: "BF16",
  float16: "F16",
  bool: "BOOL",
};

/** Longest header taken, in bytes: the limit of the reference implementation. */
export const headerLimit = 100_000_000;

/** Name under which a header keeps the file's metadata. */
export const metadataName = "__metadata__";
