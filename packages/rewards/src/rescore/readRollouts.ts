import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { decodeRollout, type SavedRollout, type Tagged, tagged, toPromise } from "@msrl/core";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";

/** A file of rollouts that cannot be read. */
export type RolloutsUnreadable = Tagged<"RolloutsUnreadable", { readonly file: string }>;

/** The rollouts of a file, in its order, and what is wrong with the lines that were skipped. */
export interface RolloutsRead<Reference> {
  readonly rollouts: readonly SavedRollout<Reference>[];
  readonly problems: readonly string[];
}

/** The lines of a file; Latin-1 is a byte a character, so that they end at line ends only, not at U+2028. */
const linesOf = async function* (file: string): AsyncGenerator<string> {
  const handle = await open(file, "r");
  try {
    const input = handle.createReadStream({ encoding: "latin1", autoClose: false });
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    let failure: Error | undefined;
    input.once("error", (cause) => {
      failure = cause;
      lines.close();
    });
    for await (const line of lines) yield Buffer.from(line, "latin1").toString("utf8");
    if (failure !== undefined) throw failure;
  } finally {
    await handle.close();
  }
};

const read = async <Reference>(file: string): Promise<RolloutsRead<Reference>> => {
  const rollouts: SavedRollout<Reference>[] = [];
  const problems: string[] = [];
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() === "") continue;
    const rollout = decodeRollout<Reference>(text);
    if (E.isRight(rollout)) rollouts.push(rollout.right);
    else problems.push(`${file}:${line}: ${rollout.left.message}`);
  }
  return { rollouts, problems };
};

/** The TaskEither door of {@link readRollouts}. */
export const readRolloutsTask = <Reference = unknown>(
  file: string,
): TE.TaskEither<RolloutsUnreadable, RolloutsRead<Reference>> =>
  TE.tryCatch(
    () => read(file),
    (cause) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      return tagged("RolloutsUnreadable", `${file}: rollouts cannot be read: ${problem}`, { file });
    },
  );

/**
 * Reads a file of saved rollouts, one a line, as `encodeRollout` writes them.
 *
 * Lines that cannot be used, such as the last one of a run that was killed while it wrote, are skipped and reported.
 *
 * @throws RolloutsUnreadable if the file cannot be read.
 * @example
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { encodeRollout } from "@msrl/core";
 * import { readRollouts } from "@msrl/rewards";
 * const file = join(await mkdtemp(join(tmpdir(), "rollouts-")), "rollouts.jsonl");
 * const rollout = { step: 0, prompt: { id: "q1", messages: [] }, completions: [], reference: { label: "A" } };
 * await writeFile(file, `${encodeRollout(rollout)}\n{"step": 1, "pro`);
 * const { rollouts, problems } = await readRollouts(file);
 * assert.deepStrictEqual([rollouts, problems], [[rollout], [`${file}:2: it is no JSON object`]]);
 * @since 0.1.0
 */
export const readRollouts = <Reference = unknown>(file: string): Promise<RolloutsRead<Reference>> =>
  toPromise(readRolloutsTask<Reference>(file));
