import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Tensors } from "../../tensor.js";
import { writeSafetensors } from "../safetensors/write.js";
import { type HubError, hubError } from "./error.js";

/** A file to be written: its name and its bytes, as text or in chunks. */
export interface NamedFile {
  readonly name: string;
  readonly content: string | readonly Uint8Array[];
}

/** Writes beside the place, then puts in place: a reader sees the old file or the new one. */
const writeWhole = async (path: string, content: NamedFile["content"]): Promise<void> => {
  const unfinished = `${path}.unfinished`;
  try {
    const handle = await open(unfinished, "w");
    try {
      if (typeof content === "string") await handle.writeFile(content);
      else for (const chunk of content) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
};

const failed =
  (file: string) =>
  (error: unknown): HubError =>
    hubError(file, "a place to write to", error instanceof Error ? error.message : String(error));

/** Writes files into a folder, which is made if it is not there; gives the folder. */
export const writeFiles = (folder: string, files: readonly NamedFile[]): TE.TaskEither<HubError, string> =>
  pipe(
    TE.tryCatch(() => mkdir(folder, { recursive: true }), failed(folder)),
    TE.chain(() =>
      TE.traverseSeqArray(({ name, content }: NamedFile) =>
        TE.tryCatch(() => writeWhole(join(folder, name), content), failed(join(folder, name))),
      )(files),
    ),
    TE.map(() => folder),
  );

/** Copies those files of a folder that are there. */
export const copyFiles = (from: string, to: string, names: readonly string[]): TE.TaskEither<HubError, string> =>
  pipe(
    names,
    TE.traverseSeqArray((name) =>
      TE.tryCatch(
        () =>
          copyFile(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOENT") throw error;
          }),
        failed(join(to, name)),
      ),
    ),
    TE.map(() => to),
  );

/** Tensors as a safetensors file that Python's transformers and peft take. */
export const tensorFile = (name: string, tensors: Tensors): NamedFile => ({
  name,
  content: writeSafetensors(tensors, { format: "pt" }),
});

/** JSON as files of the Hub have it. */
export const jsonFile = (name: string, json: object): NamedFile => ({
  name,
  content: `${JSON.stringify(json, null, 2)}\n`,
});
