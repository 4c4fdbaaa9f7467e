import { createHash } from "node:crypto";
import type { Pixels, Prompt } from "@msrl/core";
import { writeSafetensors } from "@msrl/core/models";
import type { Checkpoint, CheckpointFile, Json, ReplayItem } from "./checkpoint.js";
import { toExactJson } from "./exactJson.js";

/** Numbers pictures in the order in which they are met; equal pictures are kept once. */
const pictureBook = (): { readonly pictures: readonly Pixels[]; readonly numberOf: (picture: Pixels) => number } => {
  const pictures: Pixels[] = [];
  const byObject = new Map<Pixels, number>();
  const byContent = new Map<string, number>();
  const find = (picture: Pixels): number => {
    const content = `${picture.width}x${picture.height}:${createHash("sha256").update(picture.data).digest("hex")}`;
    const known = byContent.get(content);
    if (known !== undefined) return known;
    byContent.set(content, pictures.length);
    return pictures.push(picture) - 1;
  };
  const numberOf = (picture: Pixels): number => {
    const number = byObject.get(picture) ?? find(picture);
    byObject.set(picture, number);
    return number;
  };
  return { pictures, numberOf };
};

const promptJson = (prompt: Prompt, numberOf: (picture: Pixels) => number): Json => ({
  ...prompt,
  messages: prompt.messages.map((message) => ({
    ...message,
    content: message.content.map((part) =>
      part.type === "media" ? { ...part, media: { ...part.media, frames: part.media.frames.map(numberOf) } } : part,
    ),
  })),
});

const itemJson = ({ prompt, completions }: ReplayItem, numberOf: (picture: Pixels) => number): Json => ({
  prompt: promptJson(prompt, numberOf),
  completions: completions.map(({ text, tokenIds }) => ({ text, tokenIds: Array.from(tokenIds) })),
});

/**
 * The files of a checkpoint, as chunks to be written one after the other.
 *
 * `policy.safetensors` is the policy (its metadata are the file's); `media.bin` the RGB bytes of all pictures in the
 * replay, each once; `state.json` the rest, pictures by their number. Same checkpoint, same bytes.
 */
export const encodeCheckpoint = (checkpoint: Checkpoint): Readonly<Record<CheckpointFile, readonly Uint8Array[]>> => {
  const { step, policy, key, cursor, extra } = checkpoint;
  const { pictures, numberOf } = pictureBook();
  const replay = checkpoint.replay.map((item) => itemJson(item, numberOf));
  const media = pictures.map(({ width, height, data }) => ({ width, height, bytes: data.length }));
  const state = { step, cursor, key: { high: key.high, low: key.low }, extra, replay, media };
  return {
    "policy.safetensors": writeSafetensors(policy.tensors, policy.metadata),
    "state.json": [new TextEncoder().encode(toExactJson(state))],
    "media.bin": pictures.map(({ data }) => data),
  };
};
