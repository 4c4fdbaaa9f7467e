import { type Caption, type CaptionError, type Captioner, fold, type Key, type Media } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { CaptionFlaw } from "./captionFlaws.js";
import type { MediumOutcome } from "./captionReport.js";

/** How a medium is asked for. */
export interface AskMedium {
  readonly captioner: Captioner;
  readonly key: Key;
  /** Askings at most. */
  readonly attempts: number;
  readonly flaws: (caption: Caption) => readonly CaptionFlaw[];
  readonly signal?: AbortSignal;
}

/** Asks for a medium's caption until one has no flaw, a failure comes or the attempts are used up. */
export const askMedium = async (
  medium: Media,
  { captioner, key, attempts, flaws, signal }: AskMedium,
): Promise<MediumOutcome & { readonly error?: CaptionError }> => {
  const given: { readonly caption: Caption; readonly flaws: readonly CaptionFlaw[] }[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const request = { key: fold(key, attempt), attempt, ...(signal && { signal }) };
    const result = await captioner.caption(medium, request)();
    if (E.isLeft(result)) return { given, failure: result.left.message, error: result.left };
    const found = { caption: result.right, flaws: flaws(result.right) };
    given.push(found);
    if (found.flaws.length === 0) break;
  }
  return { given };
};
