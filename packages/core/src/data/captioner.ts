import type { TaskEither } from "fp-ts/TaskEither";
import type { Tagged } from "../errors.js";
import type { Key } from "../rng.js";
import type { Media } from "./sample.js";

/** A caption as its captioner gave it. */
export interface Caption {
  readonly text: string;
  /** Tokens read and written for it, as the captioner counts them; 0 where it does not. */
  readonly tokens: { readonly prompt: number; readonly completion: number };
  /** True if a limit of length cut it off. */
  readonly truncated: boolean;
  /** True if nobody was asked: it was known from before. */
  readonly cached?: true;
}

/** What a caption is asked with. */
export interface CaptionRequest {
  /** What is random comes from it: same key, same caption, where the captioner can keep that promise. */
  readonly key: Key;
  /** Askings of the same medium before this one whose caption was not taken; 0 if absent. */
  readonly attempt?: number;
  /** Calls it off. */
  readonly signal?: AbortSignal;
}

/** A caption that could not be had: from whom, and whether asking again is of no use. */
export type CaptionError = Tagged<"CaptionError", { readonly captioner: string; readonly final: boolean }>;

/** Something that says in words what a medium shows. */
export interface Captioner {
  readonly name: string;
  /**
   * All that a caption depends on beside the medium's pixels and the key, prompt included, as one text: captioners with
   * equal fingerprints say the same. `null`: its captions depend on more than that, so nothing may keep them by pixels.
   */
  readonly fingerprint: string | null;
  caption(medium: Media, request: CaptionRequest): TaskEither<CaptionError, Caption>;
}
