import * as TE from "fp-ts/TaskEither";
import { atLeast, checkOptions, oneOf, optional, type Rule, wholeFrom } from "../configuration.js";
import type { Caption, CaptionError, Captioner, CaptionRequest } from "../data/captioner.js";
import type { Media, Pixels } from "../data/sample.js";
import { type SampleFramesOptions, sampleFrames, sampleFramesDefaults } from "../data/sampleFrames.js";
import { tagged, toPromise } from "../errors.js";
import { openModel, type Seen } from "./imageModel.js";
import { loadTransformersJs, type TransformersJs } from "./transformersJs.js";

/** How a model of transformers.js is asked for captions. */
export interface TransformersCaptionerOptions {
  /** An absolute path of a folder with its ONNX files, or a model's name on the Hub. */
  readonly model: string;
  /** `image-to-text`: a captioning model, which takes no prompt; `image-text-to-text`: a vision-language model. */
  readonly task: "image-to-text" | "image-text-to-text";
  /** What a vision-language model is asked beside the pictures. */
  readonly prompt: string;
  /** Tokens of a caption at most. */
  readonly maxTokens: number;
  /** 0: the likeliest tokens. Above, the library draws from its own randomness: not the same captions again. */
  readonly temperature: number;
  /** Temperature at least where a caption was not taken and is asked for again: at 0 the same would come. */
  readonly retryTemperature: number;
  /** Captions a medium, for a temperature above 0; put together a line each. */
  readonly captions: number;
  /** Frames of a video: shown together to a vision-language model, one by one to a captioning model. */
  readonly frames: Partial<SampleFramesOptions>;
  /** Which weights, f.e. `fp32`, `q8`; the library's choice if absent. */
  readonly dtype?: string;
  /** Where it runs, f.e. `cpu`, `cuda`; the library's choice if absent. */
  readonly device?: string;
  /** Takes files from disk alone, never from the Hub. */
  readonly localOnly: boolean;
  /** The library, if it is to be another than the installed `@huggingface/transformers`. */
  readonly library?: TransformersJs;
}

/** Defaults of {@link transformersCaptioner}. */
export const transformersCaptionerDefaults = {
  task: "image-text-to-text",
  prompt: "Describe what is shown in one paragraph. Say only what is seen.",
  maxTokens: 256,
  temperature: 0,
  retryTemperature: 0.7,
  captions: 1,
  frames: sampleFramesDefaults,
  localOnly: false,
} as const satisfies Partial<TransformersCaptionerOptions>;

/** A captioner that holds a model until it is closed. */
export interface TransformersCaptioner extends Captioner {
  close(): Promise<void>;
}

const words: Rule = { wanted: "a text", fits: (value) => typeof value === "string" && value.trim() !== "" };
const object: Rule = { wanted: "an object", fits: (value) => typeof value === "object" && value !== null };
const rules = {
  model: words,
  task: oneOf(["image-to-text", "image-text-to-text"]),
  prompt: words,
  maxTokens: wholeFrom(1),
  temperature: atLeast(0),
  retryTemperature: atLeast(0),
  captions: wholeFrom(1),
  frames: object,
  dtype: optional(words),
  device: optional(words),
  localOnly: { wanted: "true or false", fits: (value: unknown) => typeof value === "boolean" },
  library: optional(object),
};

const failed = (model: string, cause: unknown): CaptionError => {
  const message = `captioner ${model}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return tagged("CaptionError", message, { captioner: model, final: true });
};

/** Lets work through one by one: a session runs one thing at a time. */
const oneByOne = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work, work);
    last = result;
    return result;
  };
};

const join = (captions: readonly Caption[]): Caption => ({
  text: [...new Set(captions.map(({ text }) => text).filter((text) => text !== ""))].join("\n"),
  tokens: {
    prompt: captions.reduce((sum, { tokens }) => sum + tokens.prompt, 0),
    completion: captions.reduce((sum, { tokens }) => sum + tokens.completion, 0),
  },
  truncated: captions.some(({ truncated }) => truncated),
});

const captionerOf = (options: TransformersCaptionerOptions, see: Seen): TransformersCaptioner => {
  const { model, task, captions, frames, library, ...rest } = options;
  const choose = sampleFrames(frames);
  const turn = oneByOne();
  const shownOf = ({ kind, frames: all }: Media): readonly (readonly Pixels[])[] => {
    if (kind === "image") return [all.slice(0, 1)];
    return task === "image-to-text" ? choose(all).map((frame) => [frame]) : [choose(all)];
  };
  const captionOf = async (medium: Media, { attempt = 0, signal }: CaptionRequest): Promise<Caption> => {
    const temperature = attempt > 0 ? Math.max(options.temperature, options.retryTemperature) : options.temperature;
    if (medium.frames.length === 0) throw new Error(`the ${medium.kind} has no pictures, wanted one at least`);
    const made: Caption[] = [];
    for (const pictures of shownOf(medium))
      for (let time = 0; time < captions; time++) {
        signal?.throwIfAborted();
        made.push(await turn(() => see.describe(pictures, temperature)));
      }
    return join(made);
  };
  const chosen = { ...sampleFramesDefaults, ...frames };
  return {
    name: model,
    fingerprint: JSON.stringify(["transformers.js", model, task, captions, chosen, Object.entries(rest).sort()]),
    caption: (medium, request) =>
      TE.tryCatch(
        () => captionOf(medium, request),
        (cause) => failed(model, cause),
      ),
    close: () => turn(see.close),
  };
};

/** Opens a captioning model: the TaskEither door of {@link transformersCaptioner}. */
export const transformersCaptionerTask = (
  given: Partial<TransformersCaptionerOptions> & Pick<TransformersCaptionerOptions, "model">,
): TE.TaskEither<CaptionError, TransformersCaptioner> => {
  const defaults = transformersCaptionerDefaults;
  const options = checkOptions<TransformersCaptionerOptions>("transformersCaptioner", rules, defaults, given);
  return TE.tryCatch(
    async () => captionerOf(options, await openModel(options.library ?? (await loadTransformersJs()), options)),
    (cause) => failed(options.model, cause),
  );
};

/**
 * Opens a model of transformers.js as captioner: image-to-text (ViT-GPT2 and the like) or vision-language (SmolVLM and the
 * like), from a folder or the Hub.
 *
 * The library is an optional peer dependency, loaded here. Captions are greedy unless a temperature is given or they are asked for again; a caption
 * that reaches `maxTokens` without an end is cut off. Errors (no library, no such model, a picture it cannot take) are
 * `CaptionError`s and final. One caption is made at a time. Close it when done.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @see transformers.js, https://huggingface.co/docs/transformers.js
 * @since 0.1.0
 */
export const transformersCaptioner = (
  ...given: Parameters<typeof transformersCaptionerTask>
): Promise<TransformersCaptioner> => toPromise(transformersCaptionerTask(...given));
