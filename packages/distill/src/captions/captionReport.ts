import type { Caption } from "@msrl/core";
import { type CaptionFlaw, captionFlawNames } from "./captionFlaws.js";

/** What came of a medium: how it was asked for, and the caption it ended with, if any. */
export interface MediumOutcome {
  /** Every caption that was given, the last one first to be judged last. */
  readonly given: readonly { readonly caption: Caption; readonly flaws: readonly CaptionFlaw[] }[];
  /** Why there is none. */
  readonly failure?: string;
}

/** Least, mean and most of a number; null where there is none. */
export interface Spread {
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** What caption transfer did to a set of samples. */
export interface CaptionReport {
  readonly samples: number;
  /** Samples whose every medium got a caption that was taken. */
  readonly kept: number;
  readonly dropped: { readonly failed: number; readonly flawed: number };
  readonly media: number;
  /** Captions asked for, those of flawed ones asked again included. */
  readonly asked: number;
  /** Of these: known from before, so that nobody was asked. */
  readonly cached: number;
  /** Media of which no caption could be had. */
  readonly failures: number;
  /** Captions by flaw, of all that were given; one can have several. */
  readonly flaws: Readonly<Record<CaptionFlaw, number>>;
  /** Characters of the last captions of media. */
  readonly characters: Spread | null;
  /** Tokens of this run; what was known from before took none. */
  readonly tokens: { readonly prompt: number; readonly completion: number };
}

/** Least, mean and most. */
export const spreadOf = (values: readonly number[]): Spread | null =>
  values.length === 0
    ? null
    : {
        least: values.reduce((least, value) => Math.min(least, value)),
        mean: values.reduce((sum, value) => sum + value, 0) / values.length,
        most: values.reduce((most, value) => Math.max(most, value)),
      };

/** Counts what came of media; `samples` are counted by who put them together. */
export const captionReport = (
  samples: Pick<CaptionReport, "samples" | "kept" | "dropped">,
  outcomes: readonly MediumOutcome[],
): CaptionReport => {
  const given = outcomes.flatMap((outcome) => outcome.given);
  const failures = outcomes.filter(({ failure }) => failure !== undefined).length;
  const count = (flaw: CaptionFlaw): number => given.filter(({ flaws }) => flaws.includes(flaw)).length;
  const sum = (kind: keyof Caption["tokens"]): number =>
    given.reduce((total, { caption }) => total + caption.tokens[kind], 0);
  const last = outcomes.flatMap((outcome) => (outcome.failure === undefined ? outcome.given.slice(-1) : []));
  return {
    ...samples,
    media: outcomes.length,
    asked: given.length + failures,
    cached: given.filter(({ caption }) => caption.cached === true).length,
    failures,
    flaws: Object.fromEntries(captionFlawNames.map((flaw) => [flaw, count(flaw)])) as Record<CaptionFlaw, number>,
    characters: spreadOf(last.map(({ caption }) => caption.text.length)),
    tokens: { prompt: sum("prompt"), completion: sum("completion") },
  };
};
