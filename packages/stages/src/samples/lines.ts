import { open } from "node:fs/promises";
import { createInterface } from "node:readline";

/** A line of a file, as bytes: text is decoded later, so that a bad one spoils itself only. */
export interface Line {
  /** From 1. */
  readonly line: number;
  readonly bytes: Uint8Array;
}

/**
 * Reads the lines of a file one by one.
 *
 * Latin-1 maps bytes to characters one to one: so lines end at CR and LF only, not at U+2028, which JSON texts may hold.
 */
export const linesOf = async function* (path: string): AsyncGenerator<Line> {
  const file = await open(path, "r");
  try {
    const input = file.createReadStream({ encoding: "latin1", autoClose: false });
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    let failure: Error | undefined;
    input.once("error", (cause) => {
      failure = cause;
      lines.close();
    });
    let line = 0;
    for await (const text of lines) yield { line: ++line, bytes: Buffer.from(text, "latin1") };
    if (failure !== undefined) throw failure;
  } finally {
    await file.close();
  }
};
