import type { PreferenceSample, Response } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { CaptionMissing, CaptionOptions, PlacedMedia } from "./captions.js";
import { missingCaptions, written } from "./captions.js";

/** A preference sample in text alone: where a medium stood, its caption stands. */
export interface CaptionedSample extends Omit<PreferenceSample, "context" | "responses"> {
  readonly context: readonly string[];
  readonly responses: readonly [string, string];
}

/** The media of a sample in their order, each with the words for its place. */
export const mediaOf = ({ context, responses }: PreferenceSample): readonly PlacedMedia[] => [
  ...context.map((medium, at) => ({ medium, place: `context ${at + 1}` })),
  ...responses.flatMap((response, at) =>
    typeof response === "string" ? [] : [{ medium: response, place: `response ${at === 0 ? "A" : "B"}` }],
  ),
];

/**
 * Caption transfer of a sample whose media have captions: the same sample in text, so that a policy can learn to judge it
 * without seeing.
 *
 * Every medium of the context and every answer that is one becomes its caption, in the place where it stood; all else
 * stays. A medium without a caption, or with a blank one, is a `CaptionMissing`, which names all of them.
 * `captionParts` does the same to a rendered prompt; `captionTransfer` makes the captions first.
 *
 * MSRL (2026), stage 2, https://arxiv.org/abs/2603.25108.
 *
 * @example
 * import { captionSample } from "@msrl/distill";
 * const image = { kind: "image", frames: [], caption: "a red fox" } as const;
 * const sample = { id: "s1", task: "image_understanding", query: "What is it?", context: [image], responses: ["a dog", "a fox"] } as const;
 * const inText = captionSample({ mark: (caption, { kind }) => `${kind}: ${caption}` })(sample);
 * assert.deepStrictEqual(inText, { _tag: "Right", right: { ...sample, context: ["image: a red fox"] } });
 * @since 0.1.0
 */
export const captionSample =
  (options: CaptionOptions = {}) =>
  (sample: PreferenceSample): E.Either<CaptionMissing, CaptionedSample> => {
    const missing = missingCaptions(sample.id, mediaOf(sample));
    if (missing !== undefined) return E.left(missing);
    const [a, b] = sample.responses;
    const isText = typeof a === "string";
    const inText = (response: Response, index: number): string =>
      typeof response === "string" ? response : written(options, response, index);
    const context = sample.context.map((medium, index) => written(options, medium, index));
    const responses = [inText(a, context.length), inText(b, context.length + (isText ? 0 : 1))] as const;
    return E.right({ ...sample, context, responses });
  };
