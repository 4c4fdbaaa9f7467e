import { resolve } from "node:path";
import { isTagged, type Media, type Pixels, type PreferenceSample, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { LoadImage } from "./images.js";
import type { FieldProblem, MediaRow, SampleRow } from "./sampleRow.js";
import { isImagesUnavailable } from "./sharpImages.js";

const fail = (field: string, problem: string): never => {
  throw tagged("BadField", problem, { field, problem });
};

/** What went wrong, in the words of whoever found it. */
export const reasonOf = (cause: unknown): string => {
  if ((cause as { readonly code?: string } | null)?.code === "ENOENT") return "no such file";
  return cause instanceof Error ? cause.message : String(cause);
};

const checkFrames = (frames: readonly Pixels[], { kind, field }: MediaRow, path: string): void => {
  if (frames.length === 0) fail(field, `${path} has no frames`);
  if (kind === "image" && frames.length > 1) fail(field, `${path} has ${frames.length} frames: name it as a video`);
  for (const { width, height, data } of frames)
    if (data.length !== 3 * width * height)
      fail(field, `${path} has ${data.length} bytes for ${width} x ${height} RGB pixels`);
};

const loadMedia = async (row: MediaRow, loadImage: LoadImage, root: string): Promise<Media> => {
  const frames: Pixels[] = [];
  for (const path of row.paths.map((each) => resolve(root, each))) {
    const loaded = await loadImage(path).catch((cause) =>
      isImagesUnavailable(cause) ? Promise.reject(cause) : fail(row.field, `cannot read ${path}: ${reasonOf(cause)}`),
    );
    checkFrames(loaded, row, path);
    frames.push(...loaded);
  }
  const source = row.paths[0];
  const caption = row.caption === undefined ? {} : { caption: row.caption };
  return { kind: row.kind, frames, ...caption, ...(source === undefined ? {} : { source }) };
};

/** The sample of a row with its pictures, or which of them cannot be had; throws what ends the whole reading. */
export const loadSample = async (
  row: SampleRow,
  id: string,
  loadImage: LoadImage,
  root: string,
): Promise<E.Either<FieldProblem, PreferenceSample>> => {
  const { task, query, label } = row;
  const answer = async (response: string | MediaRow) =>
    typeof response === "string" ? response : loadMedia(response, loadImage, root);
  try {
    const context: Media[] = [];
    for (const media of row.context) context.push(await loadMedia(media, loadImage, root));
    const responses = [await answer(row.responses[0]), await answer(row.responses[1])] as const;
    return E.right({ id, task, query, context, responses, ...(label === undefined ? {} : { label }) });
  } catch (cause) {
    if (isTagged(cause) && cause._tag === "BadField") return E.left(cause as unknown as FieldProblem);
    throw cause;
  }
};
