import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Digest } from "./manifest.js";

/** Bytes handed to the system and to the hash at once; both have limits near 2 GiB. */
const pieceLength = 16 * 2 ** 20;

const pieces = function* (bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceLength) yield bytes.subarray(at, at + pieceLength);
};

/** Writes a new file and waits until it is on the disk; says what it must be when read again. */
export const writeDurably = async (path: string, chunks: readonly Uint8Array[]): Promise<Digest> => {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "wx");
  try {
    for (const chunk of chunks)
      for (const piece of pieces(chunk)) {
        hash.update(piece);
        bytes += piece.length;
        await file.writeFile(piece);
      }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
};

/** Reads a whole file of any length, with its digest. */
export const readWhole = async (path: string): Promise<{ readonly bytes: Uint8Array; readonly digest: Digest }> => {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    const hash = createHash("sha256");
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, Math.min(pieceLength, bytes.length - at), at);
      if (bytesRead === 0) throw new Error(`ended after ${at} of ${bytes.length} bytes`);
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    return { bytes, digest: { bytes: at, sha256: hash.digest("hex") } };
  } finally {
    await file.close();
  }
};

/** Waits until the names in a folder are on the disk; does nothing where the system cannot (Windows). */
export const syncFolder = async (path: string): Promise<void> => {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    if (!["EISDIR", "EPERM", "EINVAL", "ENOTSUP"].includes(code ?? "")) throw cause;
  }
};
