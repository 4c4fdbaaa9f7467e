import { createHash } from "node:crypto";
import type { Media, Pixels } from "@msrl/core";

const digest = (parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** The SHA-256 of a medium's kind and pixels; pictures met before are not read again while they live. */
export const pixelHash = (): ((medium: Media) => string) => {
  const known = new WeakMap<Pixels, string>();
  const hashOf = (frame: Pixels): string => {
    const hash = known.get(frame) ?? digest([`${frame.width}x${frame.height}:`, frame.data]);
    known.set(frame, hash);
    return hash;
  };
  return ({ kind, frames }) => digest([`${kind}:`, ...frames.map(hashOf)]);
};

/** What a caption is kept under: SHA-256 of pixels, captioner and asking; parts cannot run into one another. */
export const captionKey = (pixels: string, fingerprint: string, attempt: number): string =>
  digest([JSON.stringify([pixels, fingerprint, attempt])]);
