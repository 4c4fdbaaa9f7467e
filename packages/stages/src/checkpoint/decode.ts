import type { Media, Pixels, Prompt } from "@msrl/core";
import { readSafetensors } from "@msrl/core/models";
import * as E from "fp-ts/Either";
import type { Checkpoint, CheckpointFile, Json, ReplayItem } from "./checkpoint.js";
import { fromExactJson } from "./exactJson.js";

/** What is wrong with a checkpoint: in which of its files, and whether it is broken or simply not ours. */
export interface CheckpointProblem {
  readonly kind: "damaged" | "foreign";
  readonly file: string;
  readonly problem: string;
}

/** A problem of a file that does not hold what was written. */
export const damaged = (file: string, problem: string): CheckpointProblem => ({ kind: "damaged", file, problem });

/** What `state.json` holds if it is ours; pictures are numbers into `media`. */
interface State {
  readonly step: number;
  readonly cursor: number;
  readonly key: { readonly high: number; readonly low: number };
  readonly extra: Readonly<Record<string, Json>>;
  readonly replay: readonly { readonly prompt: Prompt; readonly completions: ReplayItem["completions"] }[];
  readonly media: readonly { readonly width: number; readonly height: number; readonly bytes: number }[];
}

const picturesOf = (media: State["media"], bytes: Uint8Array): readonly Pixels[] => {
  let at = 0;
  const pictures = media.map(({ width, height, bytes: length }) => {
    const data = bytes.subarray(at, at + length);
    at += length;
    return { width, height, data };
  });
  if (at !== bytes.length) throw new RangeError(`its pictures take ${at} bytes, media.bin has ${bytes.length}`);
  return pictures;
};

const mediaOf = (media: Media, pictures: readonly Pixels[]): Media => ({
  ...media,
  frames: (media.frames as readonly unknown[]).map((number) => {
    const picture = pictures[number as number];
    if (picture === undefined) throw new RangeError(`picture ${number} is not one of ${pictures.length}`);
    return picture;
  }),
});

const promptOf = (prompt: Prompt, pictures: readonly Pixels[]): Prompt => ({
  ...prompt,
  messages: prompt.messages.map((message) => ({
    ...message,
    content: message.content.map((part) =>
      part.type === "media" ? { ...part, media: mediaOf(part.media, pictures) } : part,
    ),
  })),
});

const stateOf = (files: Readonly<Record<CheckpointFile, Uint8Array>>): Omit<Checkpoint, "policy"> => {
  const state = fromExactJson(
    new TextDecoder("utf-8", { fatal: true }).decode(files["state.json"]),
  ) as unknown as State;
  const { step, cursor, key, extra } = state;
  for (const [name, value] of Object.entries({ step, cursor, "key.high": key.high, "key.low": key.low }))
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is ${value}, not a whole number >= 0`);
  const pictures = picturesOf(state.media, files["media.bin"]);
  const replay = state.replay.map(({ prompt, completions }) => ({ prompt: promptOf(prompt, pictures), completions }));
  return { step, cursor, key, extra, replay };
};

/** The checkpoint of files whose checksums are right; the inverse of `encodeCheckpoint`. */
export const decodeCheckpoint = (
  files: Readonly<Record<CheckpointFile, Uint8Array>>,
): E.Either<CheckpointProblem, Checkpoint> => {
  const policy = readSafetensors(files["policy.safetensors"], "policy.safetensors");
  if (E.isLeft(policy)) return E.left(damaged("policy.safetensors", policy.left.problem));
  return E.tryCatch(
    () => ({ ...stateOf(files), policy: policy.right }),
    (cause) => damaged("state.json", cause instanceof Error ? cause.message : String(cause)),
  );
};
