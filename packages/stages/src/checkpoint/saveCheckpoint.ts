import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { tagged, toPromise } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type Checkpoint, type CheckpointError, checkpointFiles } from "./checkpoint.js";
import { syncFolder, writeDurably } from "./durable.js";
import { encodeCheckpoint } from "./encode.js";
import { type Digest, manifestFile, manifestText } from "./manifest.js";
import { checkpointNames, isLeftover, nextName, superseded, temporary, trash } from "./names.js";
import { checkOptions, isCount } from "./options.js";

/** How a checkpoint is saved. */
export interface SaveOptions {
  /** Name of the stage, which `loadCheckpoint` can ask for; default: none. */
  readonly stage?: string;
  /** Checkpoints kept, this one included; default {@link defaultKeep}. */
  readonly keep?: number;
}

/** Checkpoints kept if not said otherwise: the newest, and one to fall back to. */
export const defaultKeep = 2;

/** Where a checkpoint was put, and how many bytes it takes. */
export interface SavedCheckpoint {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

const writeFiles = async (folder: string, checkpoint: Checkpoint, stage: string | null): Promise<number> => {
  const chunks = encodeCheckpoint(checkpoint);
  const files: Record<string, Digest> = {};
  for (const name of checkpointFiles) files[name] = await writeDurably(join(folder, name), chunks[name]);
  const text = new TextEncoder().encode(manifestText({ stage, step: checkpoint.step, files }));
  await writeDurably(join(folder, manifestFile), [text]);
  await syncFolder(folder);
  return Object.values(files).reduce((total, { bytes }) => total + bytes, text.length);
};

const discard = async (folder: string, name: string): Promise<void> => {
  const gone = join(folder, `${trash}${name}`);
  await rm(gone, { recursive: true, force: true });
  await rename(join(folder, name), gone); // one step: a half-removed checkpoint is never seen
  await rm(gone, { recursive: true, force: true });
};

/** Puts away what the new checkpoint replaces: older ones are removed, later ones (left behind by a return) set aside. */
const retire = async (folder: string, current: string, keep: number): Promise<void> => {
  const all = checkpointNames(await readdir(folder));
  const { step } = all.find(({ name }) => name === current)!;
  const others = all.filter(({ name }) => name !== current);
  const before = others.filter((other) => other.step < step);
  const same = others.filter((other) => other.step === step);
  for (const { name } of others.filter((other) => other.step > step)) {
    await rm(join(folder, `${superseded}${name}`), { recursive: true, force: true });
    await rename(join(folder, name), join(folder, `${superseded}${name}`));
  }
  for (const { name } of [...same, ...before.slice(keep - 1)]) await discard(folder, name);
  await syncFolder(folder);
};

const save = async (folder: string, checkpoint: Checkpoint, options: SaveOptions): Promise<SavedCheckpoint> => {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  for (const name of names.filter(isLeftover)) await rm(join(folder, name), { recursive: true, force: true });
  const name = nextName(checkpoint.step, checkpointNames(names));
  const beside = join(folder, `${temporary}${name}`);
  await mkdir(beside);
  const bytes = await writeFiles(beside, checkpoint, options.stage ?? null);
  const path = join(folder, name);
  await rename(beside, path);
  await syncFolder(folder);
  await syncFolder(dirname(resolve(folder)));
  await retire(folder, name, options.keep ?? defaultKeep);
  return { name, path, bytes };
};

const ioError = (folder: string, cause: unknown): CheckpointError => {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return tagged("CheckpointIo", `${folder}: saving a checkpoint failed, the earlier ones are whole: ${problem}`, {
    folder,
    problem,
  });
};

/**
 * Saves a checkpoint so that at every moment, even of a kill or a power cut, the folder holds whole checkpoints only.
 *
 * It is written into a temporary folder beside, every file flushed to the disk and its SHA-256 noted in
 * `manifest.json`; then the folder gets its name (`step-00000040`) in one step. After that the oldest go, `keep` stay;
 * checkpoints of later steps, left behind by a return to an earlier one, are renamed to `superseded-...` and kept.
 * One writer a folder at a time.
 *
 * Errors: CheckpointOption (a negative step, `keep` below 1, an unknown option), CheckpointIo (no space, no permission).
 *
 * @since 0.1.0
 */
export const saveCheckpointTask = (
  folder: string,
  checkpoint: Checkpoint,
  options: SaveOptions = {},
): TE.TaskEither<CheckpointError, SavedCheckpoint> => {
  const { step, cursor, key } = checkpoint;
  return pipe(
    checkOptions(
      "saveCheckpoint",
      options,
      ["stage", "keep"],
      [
        ["checkpoint.step", step, isCount(step), "a whole number >= 0"],
        ["checkpoint.cursor", cursor, isCount(cursor), "a whole number >= 0"],
        ["checkpoint.key", JSON.stringify(key), isCount(key.high) && isCount(key.low), "two whole numbers >= 0"],
        ["keep", options.keep, isCount(options.keep ?? defaultKeep, 1), "a whole number >= 1"],
      ],
    ),
    TE.fromEither,
    TE.chain(() =>
      TE.tryCatch(
        () => save(folder, checkpoint, options),
        (cause) => ioError(folder, cause),
      ),
    ),
  );
};

/**
 * The Promise door of {@link saveCheckpointTask}.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { float32, key } from "@msrl/core";
 * import { loadCheckpoint, saveCheckpoint } from "@msrl/stages";
 * const folder = await mkdtemp(join(tmpdir(), "checkpoints-"));
 * const policy = { tensors: { w: float32([1], [0.5]) }, metadata: {} };
 * await saveCheckpoint(folder, { step: 40, policy, key: key(1), cursor: 80, replay: [], extra: {} });
 * const { name, checkpoint } = await loadCheckpoint(folder);
 * assert.deepStrictEqual([name, checkpoint.cursor], ["step-00000040", 80]);
 * @since 0.1.0
 */
export const saveCheckpoint = (
  folder: string,
  checkpoint: Checkpoint,
  options: SaveOptions = {},
): Promise<SavedCheckpoint> => toPromise(saveCheckpointTask(folder, checkpoint, options));
