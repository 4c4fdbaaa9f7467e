import type { Caption } from "../data/captioner.js";
import type { Pixels } from "../data/sample.js";
import type { Decoder, Generator, Inputs, Tensor, TransformersJs } from "./transformersJs.js";

/** What of a captioner's options a model is opened and run with. */
export interface ImageModelOptions {
  readonly model: string;
  readonly task: "image-to-text" | "image-text-to-text";
  readonly prompt: string;
  readonly maxTokens: number;
  readonly dtype?: string;
  readonly device?: string;
  readonly localOnly: boolean;
}

/** A model that says what it sees on pictures. */
export interface Seen {
  readonly describe: (pictures: readonly Pixels[], temperature: number) => Promise<Caption>;
  readonly close: () => Promise<void>;
}

/** A model with the two things that differ between kinds: how pictures are put to it, and how tokens become text. */
interface Parts {
  readonly model: Generator;
  readonly decoder: Decoder;
  /** What `generate` is given for pictures, and how many of the tokens that it returns were there before. */
  readonly put: (pictures: readonly object[]) => Promise<{ readonly inputs: Inputs; readonly before: number }>;
}

const captioning = async (
  { AutoProcessor, AutoTokenizer, AutoModelForVision2Seq }: TransformersJs,
  model: string,
  options: Readonly<Record<string, unknown>>,
): Promise<Parts> => {
  const processor = await AutoProcessor.from_pretrained(model, options);
  return {
    model: await AutoModelForVision2Seq.from_pretrained(model, options),
    decoder: await AutoTokenizer.from_pretrained(model, options),
    put: async (pictures) => {
      const { pixel_values } = await processor(pictures);
      return { inputs: { inputs: pixel_values }, before: 1 };
    },
  };
};

const visionLanguage = async (
  { AutoProcessor, AutoModelForImageTextToText }: TransformersJs,
  model: string,
  options: Readonly<Record<string, unknown>>,
  prompt: string,
): Promise<Parts> => {
  const processor = await AutoProcessor.from_pretrained(model, options);
  const decode = processor.batch_decode;
  if (processor.apply_chat_template === undefined || decode === undefined)
    throw new Error("its processor has no chat template: no vision-language model, or its task is image-to-text");
  return {
    model: await AutoModelForImageTextToText.from_pretrained(model, options),
    decoder: { batch_decode: (...given) => decode.apply(processor, given) },
    put: async (pictures) => {
      const content = [...pictures.map(() => ({ type: "image" })), { type: "text", text: prompt }];
      const question = processor.apply_chat_template!([{ role: "user", content }], { add_generation_prompt: true });
      const inputs = await processor(question, pictures);
      return { inputs, before: inputs.input_ids?.dims.at(-1) ?? 0 };
    },
  };
};

const endsOf = ({ generation_config }: Generator): readonly number[] =>
  [generation_config?.eos_token_id ?? []].flat().map(Number);

/**
 * Opens a model of transformers.js.
 *
 * `describe` makes one caption of pictures seen together, of the likeliest tokens at temperature 0: its text without special tokens, tokens read and written, and
 * whether the limit came before an end.
 */
export const openModel = async (library: TransformersJs, options: ImageModelOptions): Promise<Seen> => {
  const { task, prompt, maxTokens, dtype, device, localOnly } = options;
  const from = { ...(dtype && { dtype }), ...(device && { device }), local_files_only: localOnly };
  const open = task === "image-to-text" ? captioning : visionLanguage;
  const { model, decoder, put } = await open(library, options.model, from, prompt);
  const ends = endsOf(model);
  return {
    describe: async (pictures, temperature) => {
      const how = temperature > 0 ? { do_sample: true, temperature } : { do_sample: false };
      const images = pictures.map(({ data, width, height }) => new library.RawImage(data, width, height, 3));
      const { inputs, before } = await put(images);
      const ids = (await model.generate({ ...inputs, max_new_tokens: maxTokens, ...how })) as Tensor;
      const written = ids.slice(null, [before, null]);
      const [tokens = []] = written.tolist() as readonly (readonly (number | bigint)[])[];
      const [text = ""] = decoder.batch_decode(written, { skip_special_tokens: true });
      const ended = tokens.length > 0 && ends.includes(Number(tokens.at(-1)));
      return {
        text: text.trim(),
        tokens: { prompt: task === "image-to-text" ? 0 : before, completion: tokens.length },
        truncated: tokens.length >= maxTokens && !ended,
      };
    },
    close: async () => {
      await model.dispose();
    },
  };
};
