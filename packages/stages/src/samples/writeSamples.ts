import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import {
  isTagged,
  type Media,
  type Pixels,
  type PreferenceSample,
  type Response,
  type Tagged,
  tagged,
  toPromise,
} from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import type { ImagesUnavailable, SaveImage } from "./images.js";
import { sharpImages } from "./sharpImages.js";

/** What writing samples can fail at. */
export type WriteSamplesError =
  | Tagged<"SamplesUnwritable", { readonly file: string; readonly problem: string }>
  | ImagesUnavailable;

/** How samples are written. */
export interface WriteSamplesOptions {
  /** Writes a picture; default: a PNG file with sharp. */
  readonly saveImage?: SaveImage;
}

/** What was written. */
export interface SamplesWritten {
  readonly rows: number;
  readonly pictures: number;
}

type Path = (picture: Pixels) => string;

const mediaRow = (media: Media, path: Path) =>
  media.kind === "image" ? (media.frames[0] ? path(media.frames[0]) : null) : media.frames.map(path);

const named = (media: Media, path: Path) => ({ [media.kind]: mediaRow(media, path) });

/** Images and videos in their own columns if that keeps their order, else in one column of both. */
const contextRow = (context: readonly Media[], path: Path): object => {
  const firstVideo = context.findIndex(({ kind }) => kind === "video");
  if (firstVideo >= 0 && context.slice(firstVideo).some(({ kind }) => kind === "image"))
    return { context: context.map((media) => named(media, path)) };
  const column = (kind: Media["kind"]) =>
    context.filter((media) => media.kind === kind).map((each) => mediaRow(each, path));
  const [images, videos] = [column("image"), column("video")];
  return { ...(images.length > 0 ? { images } : {}), ...(videos.length > 0 ? { videos } : {}) };
};

const sampleRow = ({ id, task, query, context, responses, label }: PreferenceSample, path: Path): object => {
  const answer = (response: Response) => (typeof response === "string" ? response : named(response, path));
  const captions = [...context, ...responses].flatMap((each) =>
    typeof each === "string" ? [] : [each.caption ?? null],
  );
  return {
    id,
    task_type: task,
    query,
    ...contextRow(context, path),
    responses: responses.map(answer),
    ...(label === undefined ? {} : { label }),
    ...(captions.some((caption) => caption !== null) ? { captions } : {}),
  };
};

const pictureName = ({ width, height, data }: Pixels): string =>
  `${createHash("sha256").update(`${width}x${height}:`).update(data).digest("hex").slice(0, 20)}.png`;

const write = async (
  file: string,
  samples: readonly PreferenceSample[],
  saveImage: SaveImage,
): Promise<SamplesWritten> => {
  const folder = `${basename(file, extname(file))}-images`;
  const pictures = new Map<string, Pixels>();
  const path: Path = (picture) => {
    const name = pictureName(picture);
    pictures.set(name, picture);
    return `${folder}/${name}`;
  };
  const rows = samples.map((sample) => `${JSON.stringify(sampleRow(sample, path))}\n`);
  await mkdir(pictures.size > 0 ? join(dirname(file), folder) : dirname(file), { recursive: true });
  for (const [name, picture] of pictures) await saveImage(join(dirname(file), folder, name), picture);
  await writeFile(`${file}.tmp`, rows.join(""));
  await rename(`${file}.tmp`, file);
  return { rows: rows.length, pictures: pictures.size };
};

const asError = (file: string, cause: unknown): WriteSamplesError => {
  if (isTagged(cause) && cause._tag === "ImagesUnavailable") return cause as ImagesUnavailable;
  const problem = cause instanceof Error ? cause.message : String(cause);
  return tagged("SamplesUnwritable", `${file}: samples cannot be written: ${problem}`, { file, problem });
};

/**
 * Writes preference samples as the JSONL file that `readSamples` reads, the pictures (each once) as PNG files in a
 * folder beside it: `pairs.jsonl` and `pairs-images/`.
 *
 * Law: what is read again is what was written, but for `source`, which tells the file of the picture.
 *
 * Errors: SamplesUnwritable (no permission, no space); ImagesUnavailable if there are pictures and sharp is not installed.
 *
 * @since 0.1.0
 */
export const writeSamplesTask = (
  file: string,
  samples: readonly PreferenceSample[],
  { saveImage = sharpImages().saveImage }: WriteSamplesOptions = {},
): TE.TaskEither<WriteSamplesError, SamplesWritten> =>
  TE.tryCatch(
    () => write(file, samples, saveImage),
    (cause) => asError(file, cause),
  );

/**
 * The Promise door of {@link writeSamplesTask}.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import type { PreferenceSample } from "@msrl/core";
 * import { readSamples, writeSamples } from "@msrl/stages";
 * const file = join(await mkdtemp(join(tmpdir(), "samples-")), "pairs.jsonl");
 * const sample: PreferenceSample = { id: "q1", task: "text", query: "2 + 2?", context: [], responses: ["4", "5"], label: "A" };
 * await writeSamples(file, [sample]);
 * assert.deepStrictEqual((await readSamples(file)).samples, [sample]);
 * @since 0.1.0
 */
export const writeSamples = (
  file: string,
  samples: readonly PreferenceSample[],
  options: WriteSamplesOptions = {},
): Promise<SamplesWritten> => toPromise(writeSamplesTask(file, samples, options));
