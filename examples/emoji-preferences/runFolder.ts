import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tagged } from "@msrl/core";
import type { RunOptions } from "./options.js";

/** What a run's folder remembers of it: what it was asked for, and the seconds each part took. */
export interface RunRecord {
  readonly seed: number;
  readonly quick: boolean;
  readonly seconds: Readonly<Record<string, number>>;
}

/** A run's folder, and what an earlier part of the run left in it. */
export interface RunFolder {
  readonly path: string;
  readonly record: RunRecord;
}

const recordFile = "run.json";

const foldersOf = async (root: string): Promise<readonly string[]> =>
  (await readdir(root, { withFileTypes: true }).catch(() => [])).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );

/** Remembers the record; the file is whole at any moment. */
export const writeRecord = async ({ path }: RunFolder, record: RunRecord): Promise<void> => {
  const file = join(path, recordFile);
  await writeFile(`${file}.tmp`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${file}.tmp`, file);
};

const readRecord = (file: string, text: string): RunRecord => {
  try {
    return JSON.parse(text) as RunRecord;
  } catch (error) {
    throw tagged("DamagedRun", `${file} is damaged (${(error as Error).message}): start a new run`, { file });
  }
};

const numberOf = (name: string, kind: string): number => Number(new RegExp(`^${kind}-(\\d+)$`).exec(name)?.[1] ?? 0);

const resumed = async (path: string, { seed, quick }: RunOptions): Promise<RunFolder> => {
  const text = await readFile(join(path, recordFile), "utf8").catch(() => {
    throw tagged("NothingToResume", `${path} holds no run to resume`, { path });
  });
  const record = readRecord(join(path, recordFile), text);
  if (record.seed !== seed || record.quick !== quick) {
    const was = `--seed ${record.seed}${record.quick ? " --quick" : ""}`;
    throw tagged("OtherRun", `${path} is a run of ${was}: resume it with these options`, { path });
  }
  return { path, record };
};

/** Opens the folder of a run: the next free number, the one named, or the newest of its kind to be resumed. */
export const openRunFolder = async (root: string, options: RunOptions): Promise<RunFolder> => {
  const kind = options.quick ? "quick" : "full";
  const taken = await foldersOf(root);
  const newest = taken.reduce((most, name) => Math.max(most, numberOf(name, kind)), 0);
  if (options.resume) {
    if (options.name === undefined && newest === 0)
      throw tagged("NothingToResume", `${root} holds no ${kind} run to resume: start one without --resume`, {
        path: root,
      });
    return resumed(join(root, options.name ?? `${kind}-${newest}`), options);
  }
  const name = options.name ?? `${kind}-${newest + 1}`;
  const path = join(root, name);
  if (taken.includes(name))
    throw tagged("RunExists", `${path} is there already: --resume goes on with it, --name chooses another`, { path });
  await mkdir(path, { recursive: true });
  const folder = { path, record: { seed: options.seed, quick: options.quick, seconds: {} } };
  await writeRecord(folder, folder.record);
  return folder;
};
