import { type Caption, type CaptionError, type Captioner, fold, type PreferenceSample, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { askMedium } from "./askMedium.js";
import { pixelHash } from "./captionKey.js";
import type { MediumOutcome } from "./captionReport.js";
import type { PlacedMedia } from "./captions.js";
import type { CaptionTransferOptions } from "./captionTransferOptions.js";
import { eachOf } from "./eachOf.js";

/** A medium, where it stands, and of which sample. */
export interface Job extends PlacedMedia {
  readonly sample: PreferenceSample;
}

const calledOff = (captioner: string): CaptionError =>
  tagged("CaptionError", `captioner ${captioner}: it was called off`, { captioner, final: true });

/** Asks for all media: their outcomes in order, or why it gave up. */
export const askAll = async (
  captioner: Captioner,
  options: CaptionTransferOptions,
  jobs: readonly Job[],
): Promise<E.Either<CaptionError, readonly MediumOutcome[]>> => {
  const { key, onFlaw, flaws, signal, onProgress, failuresInRow } = options;
  const attempts = onFlaw === "retry" ? options.attempts : 1;
  const hashOf = captioner.fingerprint === null ? () => "" : pixelHash();
  let [done, failures, row] = [0, 0, 0];
  let end: CaptionError | undefined;
  const outcomes = await eachOf(jobs, options.concurrency, async ({ sample, medium }): Promise<MediumOutcome> => {
    if (signal?.aborted) end ??= calledOff(captioner.name);
    if (end !== undefined) return { given: [] };
    const judge = (caption: Caption) => flaws(caption, sample);
    const asking = { captioner, key: fold(key, hashOf(medium)), attempts, flaws: judge, ...(signal && { signal }) };
    const { error, ...outcome } = await askMedium(medium, asking);
    row = error === undefined ? 0 : row + 1;
    failures += error === undefined ? 0 : 1;
    if (row >= failuresInRow) end ??= error;
    onProgress?.({ media: jobs.length, done: ++done, failures });
    return outcome;
  });
  return end === undefined ? E.right(outcomes) : E.left(end);
};
