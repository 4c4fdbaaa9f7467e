import type { Key, Prompt, Tagged } from "@msrl/core";
import type { Saved } from "@msrl/core/policy";

/** A value that JSON can hold; numbers may be NaN, infinite or -0 here, and come back as they were. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A prompt and its good completions, kept to be learned from again. */
export interface ReplayItem {
  readonly prompt: Prompt;
  readonly completions: readonly { readonly text: string; readonly tokenIds: readonly number[] }[];
}

/** The whole state of a stage's loop: what is needed to go on as if nothing had happened. */
export interface Checkpoint {
  /** Optimizer steps done. */
  readonly step: number;
  readonly policy: Saved;
  readonly key: Key;
  /** Samples taken from the data so far. */
  readonly cursor: number;
  readonly replay: readonly ReplayItem[];
  /** What else a stage wants back, f.e. the curves of its report. */
  readonly extra: Readonly<Record<string, Json>>;
}

/** What a bad checkpoint's error tells beside its message; `previous` is the newest whole one before it. */
export interface BadCheckpoint {
  readonly folder: string;
  readonly checkpoint: string;
  readonly file: string;
  readonly problem: string;
  readonly previous?: string;
}

/** What saving and loading can fail at. */
export type CheckpointError =
  | Tagged<"NoCheckpoint", { readonly folder: string }>
  | Tagged<"DamagedCheckpoint", BadCheckpoint>
  | Tagged<"ForeignCheckpoint", BadCheckpoint>
  | Tagged<"CheckpointIo", { readonly folder: string; readonly problem: string }>
  | Tagged<"CheckpointOption", { readonly field: string; readonly given: unknown; readonly wanted: string }>;

/** The files of a checkpoint beside its manifest. */
export const checkpointFiles = ["policy.safetensors", "state.json", "media.bin"] as const;

/** One of {@link checkpointFiles}. */
export type CheckpointFile = (typeof checkpointFiles)[number];
