import * as E from "fp-ts/Either";
import type { Message, Prompt } from "../data/prompt.js";
import type { Media } from "../data/sample.js";
import { tagged } from "../errors.js";
import type { PolicyError } from "../policy/policy.js";
import type { DecoderConfig } from "./config.js";
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

/** Renders a prompt by the chat template, tokenizes it and cuts its media into patches. */
export const encodePrompt =
  (config: DecoderConfig, tokenizer: ChatTokenizer) =>
  (prompt: Prompt): E.Either<PolicyError, EncodedPrompt> => {
    const media = mediaOf(prompt.messages);
    if (media.length > 0 && !config.vision)
      return E.left(badPrompt(prompt.id, "media given to a model without vision"));
    const cut = media.map((medium) => imagePatches(medium, config.vision!));
    const failed = cut.find(E.isLeft);
    if (failed) return E.left(badPrompt(prompt.id, failed.left));
    const patches = cut.flatMap((each) => (E.isRight(each) ? [each.right] : []));
    const ids = tokenizer.encode(tokenizer.chat(prompt.messages));
    const places = ids.filter((id) => id === tokenizer.mediaId).length;
    if (places !== patches.length)
      return E.left(
        badPrompt(prompt.id, `${patches.length} media given, the rendered prompt has places for ${places}`),
      );
    if (ids.length === 0) return E.left(badPrompt(prompt.id, "it renders to no token"));
    if (ids.at(-1) === tokenizer.mediaId)
      return E.left(badPrompt(prompt.id, "it ends with a medium; the chat template has to put a token behind it"));
    return E.right({
      id: prompt.id,
      ids: withPatches(ids, tokenizer.mediaId, patches, config.vocabularySize),
      patches: { values: patches.flatMap((each) => each.values), places: patches.flatMap((each) => each.places) },
    });
  };
