import type { Caption, Key, PreferenceSample } from "@msrl/core";
import { callable, oneOf, optional, type Rule, type Rules, wholeFrom } from "@msrl/core/configuration";
import { type CaptionFlaw, captionFlaws } from "./captionFlaws.js";
import type { CaptionOptions } from "./captions.js";

/** What becomes of a caption with a flaw: its sample is dropped, it is kept all the same, or asked for again. */
export const flawRules = ["drop", "keep", "retry"] as const;

/** How far caption transfer has come. */
export interface CaptionProgress {
  readonly media: number;
  readonly done: number;
  readonly failures: number;
}

/** Settings of {@link captionTransfer}. */
export interface CaptionTransferOptions extends CaptionOptions {
  /** What randomness comes from; media of equal pixels get equal keys. */
  readonly key: Key;
  /** See {@link flawRules}; one that is empty is never kept. After `attempts` askings, `retry` drops. */
  readonly onFlaw: (typeof flawRules)[number];
  /** Askings of a medium at most, with `retry`. */
  readonly attempts: number;
  /** Finds what is wrong with a caption. */
  readonly flaws: (caption: Caption, sample: PreferenceSample) => readonly CaptionFlaw[];
  /** Media asked for at once at most. */
  readonly concurrency: number;
  /** Failures in a row after which it gives up: the captioner is gone. */
  readonly failuresInRow: number;
  readonly onProgress?: (progress: CaptionProgress) => void;
  /** Calls it off: it fails as soon as what is under way has ended. */
  readonly signal?: AbortSignal;
}

/** Defaults of {@link captionTransfer}. */
export const captionTransferDefaults = {
  onFlaw: "drop",
  attempts: 3,
  flaws: (caption) => captionFlaws()(caption),
  concurrency: 8,
  failuresInRow: 20,
} as const satisfies Partial<CaptionTransferOptions>;

const object: Rule = { wanted: "an object", fits: (value) => typeof value === "object" && value !== null };
/** What each option has to be. */
export const captionTransferRules: Rules<CaptionTransferOptions> = {
  key: object,
  onFlaw: oneOf(flawRules),
  attempts: wholeFrom(1),
  flaws: callable,
  concurrency: wholeFrom(1),
  failuresInRow: wholeFrom(1),
  mark: optional(callable),
  onProgress: optional(callable),
  signal: optional(object),
};
