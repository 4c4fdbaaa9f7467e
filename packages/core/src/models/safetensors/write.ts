import type { DType, Tensor, Tensors } from "../../tensor.js";
import { fileTypes, metadataName, written } from "./format.js";

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

const ranks = Object.keys(written) as readonly DType[];

const inFileOrder = (tensors: Tensors): readonly (readonly [string, Tensor])[] =>
  Object.entries(tensors).sort((a, b) => ranks.indexOf(a[1].dtype) - ranks.indexOf(b[1].dtype) || byName(a, b));

const pair = (name: string, value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;

const headerOf = (
  entries: readonly (readonly [string, Tensor])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  const notes = Object.entries(metadata).sort(byName);
  const fields =
    notes.length === 0 ? [] : [`"${metadataName}":{${notes.map(([key, note]) => pair(key, note)).join()}}`];
  let at = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === metadataName) throw new RangeError(`a tensor cannot be called ${metadataName}`);
    const end = at + data.length * fileTypes[written[dtype]];
    fields.push(pair(name, { dtype: written[dtype], shape, data_offsets: [at, end] }));
    at = end;
  }
  const text = new TextEncoder().encode(`{${fields.join()}}`);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
};

/**
 * The bytes of a safetensors file, as chunks to be written one after the other: the header, then the tensors' own
 * memory (not copied).
 *
 * Deterministic: tensors go by width of their element type, then by name, metadata by name, so the same tensors give
 * the same bytes. The data start at a multiple of 8 and every tensor is aligned. Lengths are in bytes, little-endian.
 * Bits are kept: NaN payloads and negative zero included. Booleans are written as BOOL.
 *
 * @throws RangeError if a tensor is called `__metadata__`: the format keeps that name for itself.
 * @see safetensors, https://huggingface.co/docs/safetensors
 * @example
 * import { float32 } from "@msrl/core";
 * import { joinBytes, readSafetensors, writeSafetensors } from "@msrl/core/models";
 * const bytes = joinBytes(writeSafetensors({ bias: float32([2], [1, -1]) }, { step: "7" }));
 * const read = readSafetensors(bytes, "model.safetensors");
 * assert.deepStrictEqual(read._tag === "Right" && read.right.metadata, { step: "7" });
 * @since 0.1.0
 */
export const writeSafetensors = (
  tensors: Tensors,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] => {
  const entries = inFileOrder(tensors);
  const chunks = entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [headerOf(entries, metadata), ...chunks];
};

/** The chunks of a file as one array of bytes. */
export const joinBytes = (chunks: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
};
