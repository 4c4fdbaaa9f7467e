import * as E from "fp-ts/Either";
import type { Message, Prompt } from "../../data/prompt.js";
import type { Media } from "../../data/sample.js";
import { tagged } from "../../errors.js";
import type { PolicyError } from "../../policy/policy.js";
import type { DecoderConfig } from "../decoder/config.js";
import { imagePatches, type Patches } from "./imagePatches.js";
import type { ChatTokenizer } from "./tokenizer.js";

/** A prompt as a decoder reads it: token ids (a patch is vocabulary + its number) and the patches themselves. */
export interface EncodedPrompt {
  readonly id: string;
  readonly ids: readonly number[];
  readonly patches: Patches;
}

const mediaOf = (messages: readonly Message[]): readonly Media[] =>
  messages.flatMap(({ content }) => content.flatMap((part) => (part.type === "media" ? [part.media] : [])));

const badPrompt = (id: string, message: string): PolicyError => tagged("BadPrompt", `prompt ${id}: ${message}`, { id });

/** What is wrong with token ids that the model does not have. */
export const strangeToken = ({ vocabularySize }: DecoderConfig, ids: readonly number[]): string | undefined => {
  const strange = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  return strange === undefined ? undefined : `token ${strange} given, the model has 0 to ${vocabularySize - 1}`;
};

/** Every media token replaced by one token a patch. */
const withPatches = (
  ids: readonly number[],
  mediaId: number | undefined,
  media: readonly Patches[],
  vocabulary: number,
): readonly number[] => {
  let medium = 0;
  let patch = vocabulary;
  return ids.flatMap((id) => (id === mediaId ? media[medium++]!.values.map(() => patch++) : [id]));
};

/** What keeps a rendered prompt from being read, if anything does. */
const promptProblem = (
  config: DecoderConfig,
  { mediaId }: ChatTokenizer,
  ids: readonly number[],
  media: number,
): string | undefined => {
  const places = ids.filter((id) => id === mediaId).length;
  if (places !== media) return `${media} media given, the rendered prompt has places for ${places}`;
  if (ids.length === 0) return "it renders to no token";
  if (ids.at(-1) === mediaId) return "it ends with a medium; the chat template has to put a token behind it";
  return strangeToken(config, ids);
};

/** Renders a prompt by the chat template, tokenizes it and cuts its media into patches. */
export const encodePrompt =
  (config: DecoderConfig, tokenizer: ChatTokenizer) =>
  (prompt: Prompt): E.Either<PolicyError, EncodedPrompt> => {
    const media = mediaOf(prompt.messages);
    if (media.length > 0 && !config.vision)
      return E.left(badPrompt(prompt.id, "media given to a model without vision"));
    const cut = E.traverseArray((medium: Media) => imagePatches(medium, config.vision!))(media);
    if (E.isLeft(cut)) return E.left(badPrompt(prompt.id, cut.left));
    const rendered = E.tryCatch(
      () => tokenizer.encode(tokenizer.chat(prompt.messages)),
      (error) => badPrompt(prompt.id, `the chat template refuses it: ${(error as Error).message}`),
    );
    if (E.isLeft(rendered)) return rendered;
    const [ids, patches] = [rendered.right, cut.right];
    const problem = promptProblem(config, tokenizer, ids, patches.length);
    if (problem !== undefined) return E.left(badPrompt(prompt.id, problem));
    return E.right({
      id: prompt.id,
      ids: withPatches(ids, tokenizer.mediaId, patches, config.vocabularySize),
      patches: { values: patches.flatMap((each) => each.values), places: patches.flatMap((each) => each.places) },
    });
  };
