import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type FileTensor, fileTensor } from "../../fileTensor.js";
import { asError, type Entry, type Header, readHeader, type SafetensorsError } from "../safetensors/header.js";
import { widenBfloat16, widenFloat16 } from "../safetensors/widen.js";
import { type HubError, hubError } from "./error.js";

/** What reading a checkpoint can fail with. */
export type ReadError = HubError | SafetensorsError;

/** Tensors of a checkpoint by name; their numbers stay in the files. */
export type FileTensors = Readonly<Record<string, FileTensor>>;

const singleName = "model.safetensors";
const indexName = "model.safetensors.index.json";

/** Why a file cannot be read, in this library's words. */
export const unreadable = (file: string, wanted: string, error: unknown): HubError => {
  const { code, message } = error as NodeJS.ErrnoException;
  return hubError(file, wanted, code === "ENOENT" ? "no such file" : message);
};

/** The JSON object in a file. */
export const readJson = (file: string): TE.TaskEither<HubError, Readonly<Record<string, unknown>>> =>
  pipe(
    TE.tryCatch(
      () => readFile(file, "utf8"),
      (error) => unreadable(file, "a JSON file", error),
    ),
    TE.chainEitherK((text) =>
      E.tryCatch(
        () => JSON.parse(text),
        (error) => hubError(file, "a JSON object", (error as Error).message),
      ),
    ),
    TE.filterOrElse(
      (json) => typeof json === "object" && json !== null && !Array.isArray(json),
      (json) => hubError(file, "a JSON object", Array.isArray(json) ? "a list" : String(json)),
    ),
  );

/** The header of a safetensors file: its beginning is read, and no more. */
const headerOf = (file: string): TE.TaskEither<ReadError, Header> =>
  pipe(
    TE.tryCatch(
      async () => {
        const handle = await open(file, "r");
        try {
          const { size } = await handle.stat();
          const length = new Uint8Array(8);
          await handle.read(length, 0, 8, 0);
          const header = Number(new DataView(length.buffer).getBigUint64(0, true));
          const bytes = new Uint8Array(Math.min(size, 8 + Math.min(header, 100_000_000)));
          await handle.read(bytes, 0, bytes.length, 0);
          return { bytes, size };
        } finally {
          await handle.close();
        }
      },
      (error) => unreadable(file, "a safetensors file", error),
    ),
    TE.chainEitherKW(({ bytes, size }) =>
      pipe(
        readHeader(bytes, size),
        E.mapLeft((problem) => asError(file, problem)),
      ),
    ),
  );

const tensorAt = (file: string, { name, type, shape, start }: Entry): E.Either<HubError, FileTensor> =>
  type === "F32" || type === "F16" || type === "BF16"
    ? E.right(
        fileTensor({ path: file, start, type }, shape, (half, bits) =>
          half === "F16" ? widenFloat16(bits) : widenBfloat16(bits),
        ),
      )
    : E.left(hubError(file, "float32, float16 or bfloat16", type, name));

/** The tensors of one safetensors file. */
export const readTensorFile = (file: string): TE.TaskEither<ReadError, FileTensors> =>
  pipe(
    headerOf(file),
    TE.chainEitherKW(({ entries }) =>
      E.traverseArray((entry: Entry) =>
        pipe(
          tensorAt(file, entry),
          E.map((tensor) => [entry.name, tensor] as const),
        ),
      )(entries),
    ),
    TE.map((tensors) => Object.fromEntries(tensors)),
  );

/** The files that an index names: `weight_map` from tensor to file. */
const shardsOf = (index: string): TE.TaskEither<HubError, readonly string[]> =>
  pipe(
    readJson(index),
    TE.chainEitherK(({ weight_map: map }) => {
      const files = typeof map === "object" && map !== null ? Object.values(map) : [];
      const fits = files.length > 0 && files.every((file) => typeof file === "string" && !/[/\\]/.test(file));
      return fits
        ? E.right([...new Set(files as string[])])
        : E.left(
            hubError(index, "weight_map from tensor to a file beside it", JSON.stringify(map)?.slice(0, 80) ?? "none"),
          );
    }),
  );

/** The tensors of a folder: one file, or the shards that an index names. */
export const readTensors = (folder: string): TE.TaskEither<ReadError, FileTensors> => {
  const single = join(folder, singleName);
  return pipe(
    readTensorFile(single),
    TE.orElse((error) => {
      if (error._tag !== "HubError" || error.given !== "no such file") return TE.left(error);
      return pipe(
        shardsOf(join(folder, indexName)),
        TE.mapLeft((missing) =>
          missing.given === "no such file" ? hubError(folder, `${singleName} or ${indexName}`, "neither") : missing,
        ),
        TE.chainW(TE.traverseSeqArray((shard) => readTensorFile(join(folder, shard)))),
        TE.map((shards) => Object.assign({}, ...shards) as FileTensors),
      );
    }),
  );
};
