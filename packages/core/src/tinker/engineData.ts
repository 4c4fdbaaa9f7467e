import * as E from "fp-ts/Either";
import { encodePng } from "../data/png.js";
import type { Prompt } from "../data/prompt.js";
import type { Pixels } from "../data/sample.js";
import { tagged } from "../errors.js";
import type { ChatTokenizer } from "../models/prompts/tokenizer.js";
import type { PolicyError } from "../policy/policy.js";
import type { EngineArray, EngineChunk, EngineDatum } from "./client.js";

/** How many places of a sequence an engine gives to an image. */
export type ImageTokens = (image: Pixels) => number;

/** A prompt as an engine reads it: its chunks, and its token ids with 0 in each place of an image. */
export interface EnginePrompt {
  readonly chunks: readonly EngineChunk[];
  readonly ids: readonly number[];
}

const badPrompt = (id: string, message: string): PolicyError => tagged("BadPrompt", `prompt ${id}: ${message}`, { id });

const imageChunk = (image: Pixels, imageTokens: ImageTokens): EngineChunk => ({
  type: "image",
  data: encodePng(image),
  format: "png",
  expectedTokens: imageTokens(image),
});

const widthOf = (chunk: EngineChunk): number =>
  chunk.type === "text" ? chunk.tokens.length : (chunk.expectedTokens ?? 0);

/** The ids cut at the places of media, the frames of each medium between them. */
const chunksOf = (
  ids: readonly number[],
  mediaId: number | undefined,
  media: readonly (readonly Pixels[])[],
  imageTokens: ImageTokens,
): readonly EngineChunk[] => {
  const places = ids.flatMap((id, at) => (id === mediaId ? [at] : []));
  const cuts = [-1, ...places, ids.length];
  return cuts.slice(1).flatMap((cut, piece): readonly EngineChunk[] => {
    const tokens = ids.slice(cuts[piece]! + 1, cut);
    const frames = media[piece] ?? [];
    return [
      ...(tokens.length > 0 ? [{ type: "text", tokens } as const] : []),
      ...frames.map((frame) => imageChunk(frame, imageTokens)),
    ];
  });
};

/** Renders a prompt by the chat template; images are refused where the engine has no places for them. */
export const enginePrompt =
  (tokenizer: ChatTokenizer, imageTokens: ImageTokens | undefined) =>
  (prompt: Prompt): E.Either<PolicyError, EnginePrompt> => {
    const media = prompt.messages.flatMap(({ content }) =>
      content.flatMap((part) => (part.type === "media" ? [part.media.frames] : [])),
    );
    if (media.length > 0 && !imageTokens)
      return E.left(badPrompt(prompt.id, "the engine would drop its images: give captions, or an engine with images"));
    const rendered = E.tryCatch(
      () => tokenizer.encode(tokenizer.chat(prompt.messages)),
      (error) => badPrompt(prompt.id, `the chat template refuses it: ${(error as Error).message}`),
    );
    if (E.isLeft(rendered)) return rendered;
    const ids = rendered.right;
    const places = ids.filter((id) => id === tokenizer.mediaId).length;
    if (places !== media.length)
      return E.left(badPrompt(prompt.id, `${media.length} media given, the rendered prompt has places for ${places}`));
    const chunks = chunksOf(ids, tokenizer.mediaId, media, imageTokens ?? (() => 0));
    if (chunks.at(-1)?.type !== "text") return E.left(badPrompt(prompt.id, "it has to end with a token of text"));
    const all = chunks.flatMap((chunk) =>
      chunk.type === "text" ? Array.from(chunk.tokens) : new Array<number>(widthOf(chunk)).fill(0),
    );
    return E.right({ chunks, ids: all });
  };

/** A prompt with tokens behind it, as one run of chunks. */
export const continued = ({ chunks }: EnginePrompt, tokens: readonly number[]): readonly EngineChunk[] => {
  const last = chunks.at(-1)!;
  const before = last.type === "text" ? Array.from(last.tokens) : [];
  return [...chunks.slice(0, -1), { type: "text", tokens: [...before, ...tokens] }];
};

/** A prompt and a completion of at least one token to be scored or learned from. */
export interface EngineRow {
  readonly prompt: EnginePrompt;
  readonly tokenIds: readonly number[];
}

/** Positions of a row's datum: those of prompt and completion but the last, which is only a target. */
export const lengthOf = ({ prompt, tokenIds }: EngineRow): number => prompt.ids.length + tokenIds.length - 1;

/** One number a token of the completion, behind zeros for the prompt: what the engine's arrays hold. */
export const behindPrompt = (row: EngineRow, values: ArrayLike<number>): Float32Array => {
  const array = new Float32Array(lengthOf(row));
  array.set(Array.from(values), row.prompt.ids.length - 1);
  return array;
};

/** The completion's part of an array of the engine. */
export const ofCompletion = (row: EngineRow, values: Float32Array): Float32Array =>
  values.subarray(row.prompt.ids.length - 1, lengthOf(row));

/** A row as the engine takes it: the input without the last token, the targets without the first, arrays beside them. */
export const datumOf = (row: EngineRow, arrays: Readonly<Record<string, EngineArray>>): EngineDatum => ({
  input: continued(row.prompt, row.tokenIds.slice(0, -1)),
  inputs: { target_tokens: Int32Array.from([...row.prompt.ids.slice(1), ...row.tokenIds]), ...arrays },
});
