import { basename, dirname } from "node:path";
import { isTagged, type Pixels, type PreferenceSample, type Tagged, tagged, toPromise } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { ImagesUnavailable, LoadImage } from "./images.js";
import { type Line, linesOf } from "./lines.js";
import { loadSample, reasonOf } from "./loadSample.js";
import { type FieldProblem, readRow, type SampleRow } from "./sampleRow.js";
import { sharpImages } from "./sharpImages.js";

/** Why a row could not be used: the message names file, line and field. */
export interface SampleProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Absent where the row as a whole is to blame. */
  readonly field?: string;
  readonly message: string;
}

/** Samples in the order of the file, and all that is wrong with the rows that were skipped. */
export interface SamplesRead {
  readonly samples: readonly PreferenceSample[];
  readonly problems: readonly SampleProblem[];
  /** Rows that were skipped; one row can have more than one problem. */
  readonly skipped: number;
}

/** What reading samples can fail at. */
export type SamplesError =
  | Tagged<"SamplesUnreadable", { readonly file: string; readonly problem: string }>
  | Tagged<"BadSample", Omit<SampleProblem, "message">>
  | Tagged<"SamplesOption", { readonly field: string; readonly given: unknown; readonly wanted: string }>
  | ImagesUnavailable;

/** How samples are read. */
export interface ReadSamplesOptions {
  /** Reads a picture; default: with sharp. */
  readonly loadImage?: LoadImage;
  /** Folder that paths in the rows are relative to; default: that of the file. */
  readonly root?: string;
  /** What a row that cannot be used does: it is skipped and reported (default), or the reading fails. */
  readonly onProblem?: "skip" | "fail";
}

const known: Readonly<Record<keyof ReadSamplesOptions, string>> = {
  loadImage: "a function",
  root: "a path",
  onProblem: '"skip" or "fail"',
};

const checkOptions = (options: ReadSamplesOptions): E.Either<SamplesError, null> => {
  const bad = (message: string, field: string, given: unknown, wanted: string) =>
    E.left(tagged("SamplesOption", `readSamples: ${message}, wanted ${wanted}`, { field, given, wanted }));
  for (const [field, given] of Object.entries(options))
    if (!Object.hasOwn(known, field))
      return bad(`unknown option ${field}`, field, given, `one of ${Object.keys(known).join(", ")}`);
  const { onProblem = "skip" } = options;
  if (onProblem !== "skip" && onProblem !== "fail")
    return bad(`onProblem is ${JSON.stringify(onProblem)}`, "onProblem", onProblem, known.onProblem);
  return E.right(null);
};

/** Reads each path once: rows that show the same picture share its pixels. */
const loadOnce = (loadImage: LoadImage): LoadImage => {
  const loaded = new Map<string, Promise<readonly Pixels[]>>();
  return (path) => {
    const frames = loaded.get(path) ?? (async () => loadImage(path))();
    loaded.set(path, frames);
    return frames;
  };
};

const parse = (text: string): { readonly row?: SampleRow; readonly problems: readonly FieldProblem[] } => {
  try {
    return readRow(JSON.parse(text));
  } catch (cause) {
    return { problems: [{ problem: `is not valid JSON: ${reasonOf(cause)}` }] };
  }
};

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** What lines are read with; `ids` are those met so far. */
interface Reading {
  readonly file: string;
  readonly root: string;
  readonly load: LoadImage;
  readonly ids: Set<string>;
}

type Read = E.Either<readonly FieldProblem[], PreferenceSample | null>;

/** The sample of a line (null if it is blank), or what is wrong with it. */
const readLine = async ({ line, bytes }: Line, { file, root, load, ids }: Reading): Promise<Read> => {
  const text = decode(bytes);
  if (text === undefined) return E.left([{ problem: "is not valid UTF-8" }]);
  if (text.trim() === "") return E.right(null);
  const { row, problems } = parse(text);
  if (row === undefined) return E.left(problems);
  const id = row.id ?? `${basename(file)}:${line}`;
  if (ids.has(id)) return E.left([{ field: "id", problem: `is ${JSON.stringify(id)}, as in an earlier row` }]);
  const sample = await loadSample(row, id, load, root);
  if (E.isLeft(sample)) return E.left([sample.left]);
  ids.add(id);
  return sample;
};

const problemAt = (file: string, line: number, { field, problem }: FieldProblem): SampleProblem => {
  const message = `${file}:${line}: ${field ?? "the row"} ${problem}`;
  return { file, line, ...(field === undefined ? {} : { field }), message };
};

const read = async (file: string, options: ReadSamplesOptions): Promise<SamplesRead> => {
  const { loadImage = sharpImages().loadImage, root = dirname(file), onProblem } = options;
  const reading: Reading = { file, root, load: loadOnce(loadImage), ids: new Set() };
  const samples: PreferenceSample[] = [];
  const problems: SampleProblem[] = [];
  let skipped = 0;
  for await (const each of linesOf(file)) {
    const result = await readLine(each, reading);
    if (E.isRight(result)) {
      if (result.right !== null) samples.push(result.right);
      continue;
    }
    skipped++;
    problems.push(...result.left.map((problem) => problemAt(file, each.line, problem)));
    const { message, ...where } = problems.at(-result.left.length)!;
    if (onProblem === "fail") throw tagged("BadSample", message, where);
  }
  return { samples, problems, skipped };
};

const asError = (file: string, cause: unknown): SamplesError => {
  if (isTagged(cause)) return cause as SamplesError;
  const problem = reasonOf(cause);
  return tagged("SamplesUnreadable", `${file}: samples cannot be read: ${problem}`, { file, problem });
};

/**
 * Reads preference samples from a JSONL file, line by line: one JSON object a row.
 *
 * ```json
 * {"task_type": "image_understanding", "query": "What is in the south?", "images": ["a.png"],
 *  "responses": ["a fox", "an owl"], "label": "B", "captions": ["north fox south owl"]}
 * {"task_type": "video_generation", "query": "first fox", "responses": [{"video": ["1.png", "2.png"]}, {"video": "b.webp"}]}
 * ```
 * Fields: `query`; `task_type` or `task`; `images` [path], `videos` [[frame paths] or the path of an animated WebP or
 * GIF], or `context` [{"image": ..} or {"video": ..}] where their order matters; `responses` [A, B]; optional `id`
 * (default: file:line), `label`, `chosen` or `solution` ("A" or "B"), and `captions`, one for each of the media in the
 * order images, videos, context, responses. Media with a caption can do without pictures (`null`, `[]`).
 *
 * Rows that cannot be used are skipped and reported, each with every field that is wrong: `problems` and `skipped`.
 *
 * Errors: SamplesUnreadable (no such file); BadSample for the first bad row if `onProblem` is "fail";
 * ImagesUnavailable if pictures are to be read and sharp is not installed; SamplesOption.
 *
 * @since 0.1.0
 */
export const readSamplesTask = (
  file: string,
  options: ReadSamplesOptions = {},
): TE.TaskEither<SamplesError, SamplesRead> =>
  pipe(
    TE.fromEither(checkOptions(options)),
    TE.chain(() =>
      TE.tryCatch(
        () => read(file, options),
        (cause) => asError(file, cause),
      ),
    ),
  );

/**
 * The Promise door of {@link readSamplesTask}.
 *
 * @example
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { readSamples } from "@msrl/stages";
 * const file = join(await mkdtemp(join(tmpdir(), "samples-")), "pairs.jsonl");
 * await writeFile(file, '{"task_type": "text", "query": "2 + 2?", "responses": ["4", "5"], "label": "A"}\n{"query": 1}\n');
 * const { samples, problems } = await readSamples(file);
 * assert.deepStrictEqual([samples[0].label, problems[0].line, problems[0].field], ["A", 2, "task_type"]);
 * @since 0.1.0
 */
export const readSamples = (file: string, options: ReadSamplesOptions = {}): Promise<SamplesRead> =>
  toPromise(readSamplesTask(file, options));
