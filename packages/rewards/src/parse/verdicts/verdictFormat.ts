import type { Label } from "@msrl/core";

/** What a judge can say of two answers. */
export type Verdict = Label | "tie";

/** Every {@link Verdict}. */
export const verdictNames: readonly Verdict[] = ["A", "B", "tie"];

/** A way to state a verdict: one value that tells a judge how, writes one and reads it back. */
export interface VerdictFormat {
  readonly name: string;
  /** What a prompt says of it, a sentence or two. */
  readonly instruction: string;
  /** A verdict as the instruction asks for it: `read(write(verdict))` is the verdict. */
  write(verdict: Verdict): string;
  /** The verdict of a completion; `null`: unreadable, or one that the format does not know. Total, and linear in the text. */
  read(completion: string): Verdict | null;
}

/** Where a verdict stands, and what it may be. */
export interface RegionOptions {
  /** The tag whose only block it is; `null`: the whole text. */
  readonly tag: string | null;
  /** Whether a judge may call it a tie. */
  readonly ties: boolean;
}

/** Defaults of every verdict format: inside `<answer>`, no ties. */
export const regionDefaults: RegionOptions = { tag: "answer", ties: false };
