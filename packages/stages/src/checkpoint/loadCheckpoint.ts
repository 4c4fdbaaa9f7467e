import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { tagged, toPromise } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type Checkpoint, type CheckpointError, type CheckpointFile, checkpointFiles } from "./checkpoint.js";
import { type CheckpointProblem, damaged, decodeCheckpoint } from "./decode.js";
import { readWhole } from "./durable.js";
import { type Digest, manifestFile, readManifest } from "./manifest.js";
import { type CheckpointName, checkpointNames } from "./names.js";
import { checkOptions } from "./options.js";

/** Which checkpoint is wanted. */
export interface LoadOptions {
  /** Name of the stage that must have written it; default: any. */
  readonly stage?: string;
  /** Whether to take the newest whole one if the newest is damaged or foreign; default: no, that is an error. */
  readonly fallback?: boolean;
}

/** A checkpoint, the name of its folder, and the errors of newer ones that were passed over (`fallback`). */
export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly name: string;
  readonly skipped: readonly CheckpointError[];
}

const codeOf = (cause: unknown): string | undefined => (cause as { readonly code?: string }).code;

type Read = E.Either<CheckpointProblem, { readonly bytes: Uint8Array; readonly digest: Digest }>;

const readFile = async (folder: string, file: string): Promise<Read> => {
  try {
    return E.right(await readWhole(join(folder, file)));
  } catch (cause) {
    const missing = ["ENOENT", "ENOTDIR"].includes(codeOf(cause) ?? "");
    return E.left(damaged(file, missing ? "is missing" : cause instanceof Error ? cause.message : String(cause)));
  }
};

const checked = (file: string, wanted: Digest, read: Read): E.Either<CheckpointProblem, Uint8Array> => {
  if (E.isLeft(read)) return read;
  const { bytes, digest } = read.right;
  if (digest.bytes !== wanted.bytes)
    return E.left(damaged(file, `has ${digest.bytes} bytes, the manifest says ${wanted.bytes}`));
  if (digest.sha256 !== wanted.sha256)
    return E.left(damaged(file, `its SHA-256 is ${digest.sha256}, the manifest says ${wanted.sha256}`));
  return E.right(bytes);
};

const readCheckpoint = async (
  folder: string,
  { name, step }: CheckpointName,
  stage: string | undefined,
): Promise<E.Either<CheckpointProblem, Checkpoint>> => {
  const text = await readFile(join(folder, name), manifestFile);
  if (E.isLeft(text)) return text;
  const manifest = readManifest(text.right.bytes, stage);
  if (E.isLeft(manifest)) return manifest;
  if (manifest.right.step !== step)
    return E.left(damaged(manifestFile, `says step ${manifest.right.step}, the folder's name says ${step}`));
  const files = {} as Record<CheckpointFile, Uint8Array>;
  for (const file of checkpointFiles) {
    const bytes = checked(file, manifest.right.files[file]!, await readFile(join(folder, name), file));
    if (E.isLeft(bytes)) return bytes;
    files[file] = bytes.right;
  }
  return decodeCheckpoint(files);
};

const badCheckpoint = (
  folder: string,
  checkpoint: string,
  { kind, file, problem }: CheckpointProblem,
  previous: string | undefined,
): CheckpointError => {
  const advice =
    previous === undefined
      ? "there is no whole checkpoint before it"
      : `the previous checkpoint ${previous} is whole and kept: load with fallback: true to use it`;
  const message = `${join(folder, checkpoint)} is ${kind}: ${file}: ${problem}; ${advice}`;
  const data = { folder, checkpoint, file, problem, ...(previous === undefined ? {} : { previous }) };
  return kind === "damaged" ? tagged("DamagedCheckpoint", message, data) : tagged("ForeignCheckpoint", message, data);
};

const load = async (folder: string, options: LoadOptions): Promise<E.Either<CheckpointError, LoadedCheckpoint>> => {
  const all = checkpointNames(
    await readdir(folder).catch((cause) => (codeOf(cause) === "ENOENT" ? [] : Promise.reject(cause))),
  );
  if (all.length === 0)
    return E.left(tagged("NoCheckpoint", `${folder}: no checkpoint there (a folder like step-00000040)`, { folder }));
  const failed: { readonly name: string; readonly problem: CheckpointProblem }[] = [];
  for (const each of all) {
    const read = await readCheckpoint(folder, each, options.stage);
    if (E.isLeft(read)) {
      failed.push({ name: each.name, problem: read.left });
      continue;
    }
    const skipped = failed.map(({ name, problem }) => badCheckpoint(folder, name, problem, each.name));
    if (skipped.length > 0 && options.fallback !== true) return E.left(skipped[0]!);
    return E.right({ checkpoint: read.right, name: each.name, skipped });
  }
  return E.left(badCheckpoint(folder, failed[0]!.name, failed[0]!.problem, undefined));
};

const ioError = (folder: string, cause: unknown): CheckpointError => {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return tagged("CheckpointIo", `${folder}: checkpoints cannot be read: ${problem}`, { folder, problem });
};

/**
 * Loads the newest checkpoint of a folder, bit for bit as it was saved.
 *
 * Every file is checked against its SHA-256 first. What a killed writer left half-done is passed over.
 *
 * Errors: NoCheckpoint; DamagedCheckpoint (missing, cut, changed) and ForeignCheckpoint (another format, version or
 * stage), which name the file, what is wrong with it and the whole checkpoint before it, taken if `fallback` is true;
 * CheckpointIo; CheckpointOption.
 *
 * @since 0.1.0
 */
export const loadCheckpointTask = (
  folder: string,
  options: LoadOptions = {},
): TE.TaskEither<CheckpointError, LoadedCheckpoint> =>
  pipe(
    TE.fromEither(checkOptions("loadCheckpoint", options, ["stage", "fallback"], [])),
    TE.chain(() =>
      TE.tryCatch(
        () => load(folder, options),
        (cause) => ioError(folder, cause),
      ),
    ),
    TE.chainEitherK((result) => result),
  );

/**
 * The Promise door of {@link loadCheckpointTask}.
 *
 * @example
 * import { loadCheckpoint } from "@msrl/stages";
 * await assert.rejects(loadCheckpoint("runs/none"), { _tag: "NoCheckpoint" });
 * @since 0.1.0
 */
export const loadCheckpoint = (folder: string, options: LoadOptions = {}): Promise<LoadedCheckpoint> =>
  toPromise(loadCheckpointTask(folder, options));
