import { appendFile, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { decodeRollout, encodeRollout, type SavedRollout, type Tagged, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { linesOf } from "../samples/lines.js";
import type { Question } from "../stage/question.js";
import type { ScoredRollout } from "./score.js";

/** A file of rollouts that cannot be written. */
export type RolloutsUnwritable = Tagged<"RolloutsUnwritable", { readonly file: string; readonly problem: string }>;

/** Scored rollouts of a step with what they were judged against, as they are saved. */
const savedRollouts = <Reference>(
  step: number,
  questions: readonly Question<Reference>[],
  scored: readonly ScoredRollout[],
): readonly SavedRollout<Reference>[] =>
  scored.map(({ prompt, completions, scores }, group) => ({
    step,
    prompt,
    completions: completions.map(({ text, tokenIds, logProbs, truncated }, at) => ({
      ...{ text, tokenIds: Array.from(tokenIds), logProbs: Array.from(logProbs), truncated },
      score: scores[at]!,
    })),
    reference: questions[group]!.reference,
  }));

const lineEnd = Buffer.from("\n");

const isMissing = (cause: unknown): boolean => (cause as { readonly code?: unknown }).code === "ENOENT";

/** Copies the lines of steps before this one; a line that was cut off when a run was killed is none of them. */
const copyBefore = async (from: string, to: string, step: number): Promise<void> => {
  const copy = await open(to, "w");
  try {
    if (step === 0) return;
    for await (const { bytes } of linesOf(from)) {
      const rollout = decodeRollout(Buffer.from(bytes).toString("utf8"));
      if (E.isRight(rollout) && rollout.right.step < step) await copy.appendFile(Buffer.concat([bytes, lineEnd]));
    }
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  } finally {
    await copy.close();
  }
};

/** Leaves the steps before this one in the file: a run that goes on from a checkpoint writes those after it again. */
const keepBefore = async (file: string, step: number): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  await copyBefore(file, `${file}.tmp`, step);
  await rename(`${file}.tmp`, file);
};

/**
 * Writes the scored rollouts of each step to a file, a group a line, as `readRollouts` of `@msrl/rewards` reads them.
 *
 * The file holds one run: the first step written replaces what is there of it and of later steps, so a resumed run leaves
 * the file of one that was not interrupted.
 *
 * Errors: RolloutsUnwritable (no permission, no space).
 */
export const saveRollouts = <Reference>(file: string) => {
  let next: number | undefined;
  const write = async (step: number, rollouts: readonly SavedRollout<Reference>[]): Promise<void> => {
    if (step !== next) await keepBefore(file, step);
    await appendFile(file, rollouts.map((rollout) => `${encodeRollout(rollout)}\n`).join(""));
    next = step + 1;
  };
  return (
    step: number,
    questions: readonly Question<Reference>[],
    scored: readonly ScoredRollout[],
  ): TE.TaskEither<RolloutsUnwritable, readonly ScoredRollout[]> =>
    pipe(
      TE.tryCatch(
        () => write(step, savedRollouts(step, questions, scored)),
        (cause) => {
          const problem = cause instanceof Error ? cause.message : String(cause);
          return tagged("RolloutsUnwritable", `${file}: rollouts cannot be written: ${problem}`, { file, problem });
        },
      ),
      TE.map(() => scored),
    );
};
