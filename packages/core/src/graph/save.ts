import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as TE from "fp-ts/TaskEither";
import { type Tagged, tagged, toPromise } from "../errors.js";
import type { Model } from "./toModel.js";

/** Why a model was not written; what stood at the path before is untouched. */
export type ModelSaveError = Tagged<"ModelSaveError", { readonly path: string }>;

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
};

/** Written beside its place, brought to the disk, then put in place at once: readers see the old file or the new. */
const write = async (path: string, bytes: Uint8Array): Promise<string> => {
  const unfinished = `${path}.${process.pid}.unfinished`;
  try {
    const handle = await open(unfinished, "w");
    await handle
      .writeFile(bytes)
      .then(() => handle.sync())
      .finally(() => handle.close());
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  if (process.platform !== "win32") await sync(dirname(path));
  return path;
};

/**
 * Writes a model as an `.onnx` file that ONNX Runtime of any language and Netron open; gives the path.
 *
 * The file at `path` is replaced as a whole or not at all. Left with the system's reason if it cannot be written.
 *
 * @since 0.1.0
 */
export const saveModelTask = (path: string, model: Model): TE.TaskEither<ModelSaveError, string> =>
  TE.tryCatch(
    () => write(path, model.bytes),
    (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      return tagged("ModelSaveError", `model "${model.name}" cannot be written to ${path}: ${reason}`, { path });
    },
  );

/**
 * The Promise door of {@link saveModelTask}.
 *
 * @example
 * import { mkdtemp, readFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import * as E from "fp-ts/Either";
 * import { input, saveModel, tanh, toModel } from "@msrl/core/graph";
 * const model = toModel({ name: "tanh", outputs: { y: tanh(input("x", "float32", [2])) } });
 * if (E.isLeft(model)) throw model.left;
 * const path = await saveModel(`${await mkdtemp(`${tmpdir()}/`)}/tanh.onnx`, model.right);
 * assert.deepStrictEqual(new Uint8Array(await readFile(path)), model.right.bytes);
 * @since 0.1.0
 */
export const saveModel = (path: string, model: Model): Promise<string> => toPromise(saveModelTask(path, model));
