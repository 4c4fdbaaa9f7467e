import { readdir } from "node:fs/promises";
import { tagged } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import type { CheckpointError } from "./checkpoint.js";
import { checkpointNames } from "./names.js";

const names = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((cause) => (cause.code === "ENOENT" ? [] : Promise.reject(cause)));

/** The step of a folder's newest checkpoint, be it whole or damaged; `undefined` where there is none. */
export const newestStep = (folder: string): TE.TaskEither<CheckpointError, number | undefined> =>
  TE.tryCatch(
    async () => checkpointNames(await names(folder))[0]?.step,
    (cause) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      return tagged("CheckpointIo", `${folder}: checkpoints cannot be read: ${problem}`, { folder, problem });
    },
  );
