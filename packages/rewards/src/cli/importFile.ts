import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** A file in a language that nothing here reads; the message says what to do about it. */
export class NotReadable extends Error {}

const noTypeScript = [
  "this Node does not read TypeScript. Install tsx beside the file (npm install --save-dev tsx), which is then used,",
  "or use Node 22.18 or later, or give a file of JavaScript",
].join(" ");

/** The `tsx` that is installed beside a file: the module that `node --import tsx` loads. */
const tsxBeside = (path: string): string | undefined => {
  try {
    return createRequire(path).resolve("tsx");
  } catch {
    return undefined;
  }
};

/**
 * Imports a file; TypeScript by Node itself where it can, else by the `tsx` that is installed beside the file, else by what
 * the program was started with.
 *
 * A file is never tried twice: Node keeps what became of the first time.
 *
 * @throws NotReadable if it is TypeScript and nothing reads that, or neither TypeScript nor JavaScript.
 */
export const importFile = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  // @types/node of Node 20 does not know of it
  const { typescript } = process.features as { readonly typescript?: unknown };
  const isTypeScript = /\.[cm]?tsx?$/.test(path);
  const tsx = isTypeScript && !typescript ? tsxBeside(path) : undefined;
  if (tsx !== undefined) await import(pathToFileURL(tsx).href);
  try {
    return await import(pathToFileURL(path).href);
  } catch (thrown) {
    if ((thrown as { readonly code?: unknown } | null)?.code !== "ERR_UNKNOWN_FILE_EXTENSION") throw thrown;
    throw new NotReadable(isTypeScript ? noTypeScript : "it is no file of JavaScript (.js, .mjs, .cjs) or TypeScript");
  }
};
