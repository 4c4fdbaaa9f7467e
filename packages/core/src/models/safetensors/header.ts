import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../../errors.js";
import { sizeOf } from "../../tensor.js";
import { type FileType, fileTypes, headerLimit, metadataName } from "./format.js";

/** A safetensors file that cannot be read: which file, which tensor where one is to blame, and what is wrong. */
export type SafetensorsError = Tagged<
  "SafetensorsError",
  { readonly file: string; readonly tensor?: string; readonly problem: string }
>;

/** Where a tensor lies in the file: its bytes are `start` (included) to `end` (not included). */
export interface Entry {
  readonly name: string;
  readonly type: FileType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** What a header says: tensors in the order of the file, and free notes. */
export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is wrong with a file, before it is known by its name. */
export interface Problem {
  readonly tensor?: string;
  readonly problem: string;
}

const wrong = (problem: string, tensor?: string): E.Either<Problem, never> =>
  E.left(tensor === undefined ? { problem } : { problem, tensor });

/** The tagged error of a problem. */
export const asError = (file: string, { tensor, problem }: Problem): SafetensorsError =>
  tagged("SafetensorsError", `${file}: ${tensor === undefined ? "" : `tensor ${JSON.stringify(tensor)}: `}${problem}`, {
    file,
    problem,
    ...(tensor === undefined ? {} : { tensor }),
  });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

const jsonOf = (bytes: Uint8Array): E.Either<Problem, Record<string, unknown>> => {
  if (bytes.length < 8)
    return wrong(`has ${bytes.length} bytes, a safetensors file begins with 8 bytes of header length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerLimit)) return wrong(`header length ${length} is over the limit of ${headerLimit} bytes`);
  if (length > BigInt(bytes.length - 8))
    return wrong(`header of ${length} bytes does not fit: only ${bytes.length - 8} bytes follow`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const json: unknown = JSON.parse(text.decode(bytes.subarray(8, 8 + Number(length))));
    return isObject(json) ? E.right(json) : wrong("header is not a JSON object");
  } catch (cause) {
    return wrong(`header is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
};

const entryOf = (name: string, value: unknown, dataStart: number): E.Either<Problem, Entry> => {
  if (!isObject(value)) return wrong("its header entry is not an object", name);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(fileTypes, dtype))
    return wrong(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(fileTypes).join(", ")}`, name);
  const type = dtype as FileType;
  if (!areCounts(shape)) return wrong(`shape ${JSON.stringify(shape)} is not a list of whole numbers >= 0`, name);
  if (!areCounts(offsets) || offsets.length !== 2)
    return wrong(`data_offsets ${JSON.stringify(offsets)} are not two whole numbers >= 0`, name);
  const [start, end] = offsets as readonly [number, number];
  const wanted = sizeOf(shape) * fileTypes[type];
  if (end < start) return wrong(`data_offsets [${start}, ${end}] end before they start`, name);
  if (end - start !== wanted)
    return wrong(`${type} [${shape}] takes ${wanted} bytes, data_offsets [${start}, ${end}] hold ${end - start}`, name);
  return E.right({ name, type, shape, start: dataStart + start, end: dataStart + end });
};

const metadataOf = (value: unknown): E.Either<Problem, Readonly<Record<string, string>>> =>
  value === undefined || (isObject(value) && Object.values(value).every((note) => typeof note === "string"))
    ? E.right((value ?? {}) as Record<string, string>)
    : wrong(`${metadataName} is not an object of strings`);

const covered = (entries: readonly Entry[], start: number, end: number): E.Either<Problem, readonly Entry[]> => {
  let at = start;
  for (const entry of entries) {
    if (entry.start < at) return wrong(`overlaps the tensor before it by ${at - entry.start} bytes`, entry.name);
    if (entry.start > at) return wrong(`${entry.start - at} bytes before it belong to no tensor`, entry.name);
    if (entry.end > end)
      return wrong(`is cut off: it needs ${entry.end - end} bytes more than the file has`, entry.name);
    at = entry.end;
  }
  return at === end ? E.right(entries) : wrong(`${end - at} bytes at the end belong to no tensor`);
};

/**
 * Reads and checks a header: JSON, types, shapes, sizes, and that the tensors cover the data without gap or overlap.
 *
 * @param bytes the file, or its beginning with the whole header
 * @param length bytes of the file
 */
export const readHeader = (bytes: Uint8Array, length = bytes.length): E.Either<Problem, Header> => {
  const json = jsonOf(bytes);
  if (E.isLeft(json)) return json;
  const metadata = metadataOf(Object.hasOwn(json.right, metadataName) ? json.right[metadataName] : undefined);
  if (E.isLeft(metadata)) return metadata;
  const dataStart = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(json.right)) {
    if (name === metadataName) continue;
    const entry = entryOf(name, value, dataStart);
    if (E.isLeft(entry)) return entry;
    entries.push(entry.right);
  }
  const inOrder = entries.sort((a, b) => a.start - b.start || a.end - b.end);
  const whole = covered(inOrder, dataStart, length);
  return E.isLeft(whole) ? whole : E.right({ entries: whole.right, metadata: metadata.right });
};
