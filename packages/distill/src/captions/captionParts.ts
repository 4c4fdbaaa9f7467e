import type { Part, Prompt } from "@msrl/core";
import { text } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { CaptionMissing, CaptionOptions } from "./captions.js";
import { missingCaptions, written } from "./captions.js";

/**
 * Caption transfer of a rendered prompt: each media part becomes a text part with its caption, in its place.
 *
 * Messages, roles, the other parts and the prompt's id stay as they are. A medium without a caption, or with a blank
 * one, is a `CaptionMissing`, which names all of them.
 *
 * MSRL (2026), stage 2, https://arxiv.org/abs/2603.25108.
 *
 * @example
 * import { media, text } from "@msrl/core";
 * import { captionParts } from "@msrl/distill";
 * const image = { kind: "image", frames: [], caption: "a red fox" } as const;
 * const prompt = { id: "s1", messages: [{ role: "user", content: [text("See "), media(image), text(". What is it?")] }] } as const;
 * const content = [text("See "), text("a red fox"), text(". What is it?")];
 * assert.deepStrictEqual(captionParts()(prompt), { _tag: "Right", right: { id: "s1", messages: [{ role: "user", content }] } });
 * @since 0.1.0
 */
export const captionParts =
  (options: CaptionOptions = {}) =>
  (prompt: Prompt): E.Either<CaptionMissing, Prompt> => {
    const placed = prompt.messages.flatMap(({ role, content }, message) =>
      content.flatMap((part, at) =>
        part.type === "media"
          ? [{ medium: part.media, place: `part ${at + 1} of message ${message + 1} (${role})` }]
          : [],
      ),
    );
    const missing = missingCaptions(prompt.id, placed);
    if (missing !== undefined) return E.left(missing);
    let index = 0;
    const inText = (part: Part): Part => (part.type === "media" ? text(written(options, part.media, index++)) : part);
    const messages = prompt.messages.map((message) => ({ ...message, content: message.content.map(inText) }));
    return E.right({ ...prompt, messages });
  };
