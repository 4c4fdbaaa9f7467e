import { mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { type Tagged, tagged } from "@msrl/core";
import { fromLine, type TraceRecord, toLine } from "./traceRecord.js";

/** A file that belongs to other settings, is damaged, or cannot be read or written. */
export type CmkdFileError = Tagged<
  "CmkdFile",
  { readonly file: string; readonly line?: number; readonly field?: string }
>;

/** What a file's settings are, by name. */
export type TraceSettings = Readonly<Record<string, string | number | boolean | null>>;

/** An open file: what it held, and how it grows. */
export interface TraceFile {
  readonly records: ReadonlyMap<string, TraceRecord>;
  /** Appends lines and waits until they are on the disk. */
  readonly append: (lines: readonly object[]) => Promise<void>;
}

const failure = (file: string, problem: string, data: { readonly line?: number; readonly field?: string } = {}) =>
  tagged("CmkdFile", `${file}${data.line === undefined ? "" : `:${data.line}`}: ${problem}`, { file, ...data });

const settingsOf = (line: string): TraceSettings | null => {
  try {
    const { cmkd } = JSON.parse(line) as { readonly cmkd?: TraceSettings };
    return typeof cmkd === "object" && cmkd !== null ? cmkd : null;
  } catch {
    return null;
  }
};

const checkSettings = (file: string, line: string, settings: TraceSettings): void => {
  const wanted = JSON.parse(toLine(settings)) as TraceSettings;
  const found = settingsOf(line);
  if (found === null) throw failure(file, "the first line does not tell the settings of a CMKD run", { line: 1 });
  const field = [...Object.keys(wanted), ...Object.keys(found)].find((name) => found[name] !== wanted[name]);
  if (field === undefined) return;
  const [had, has] = [found[field], wanted[field]].map((value) => JSON.stringify(value) ?? "nothing");
  throw failure(file, `was written with ${field} ${had}, this run has ${has}; give it a file of its own`, {
    line: 1,
    field,
  });
};

const isMissing = (cause: unknown): boolean => (cause as { readonly code?: unknown }).code === "ENOENT";

/** Whole lines; one that was cut off when a run was killed is taken off the file. */
const wholeLines = async (file: string): Promise<readonly string[]> => {
  const bytes = await readFile(file).catch((cause: unknown) => {
    if (isMissing(cause)) return Buffer.alloc(0);
    throw cause;
  });
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) await truncate(file, end);
  return bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
};

const append = async (file: string, lines: readonly object[]): Promise<void> => {
  const handle = await open(file, "a");
  try {
    await handle.appendFile(lines.map((line) => `${toLine(line)}\n`).join(""));
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

/** Appends one after the other, for lines of calls side by side must not mix. */
const writer = (file: string): TraceFile["append"] => {
  let before: Promise<void> = Promise.resolve();
  return (lines) => {
    const written = before.then(() => append(file, lines));
    before = written.catch(() => {}); // whoever waits for it is told
    return written;
  };
};

/**
 * Opens a file of traces: the records that it holds by sample, if they are of the same settings.
 *
 * A new file gets the settings as its first line. Of several records of a sample the last counts. Throws `CmkdFile`.
 */
export const openTraceFile = async (file: string, settings: TraceSettings): Promise<TraceFile> => {
  try {
    await mkdir(dirname(file), { recursive: true });
    const [first, ...lines] = await wholeLines(file);
    const write = writer(file);
    if (first === undefined) await write([{ cmkd: settings }]);
    else checkSettings(file, first, settings);
    const records = lines.map((line, at) => {
      const record = fromLine(line);
      if (record === null) throw failure(file, "is no line of a CMKD run", { line: at + 2 });
      return [record.id, record] as const;
    });
    return { records: new Map(records), append: write };
  } catch (cause) {
    if (cause instanceof Error && "_tag" in cause) throw cause;
    throw failure(file, cause instanceof Error ? cause.message : String(cause));
  }
};
