/** A tensor of transformers.js, as far as it is read here. */
interface Tensor {
  readonly dims: readonly number[];
  tolist(): unknown;
  slice(...places: readonly unknown[]): Tensor;
}

/** Tokens to text. */
interface Decoder {
  batch_decode(ids: Tensor, options: { readonly skip_special_tokens: boolean }): readonly string[];
}

/** A model that generates. */
interface Generator {
  readonly generation_config?: { readonly eos_token_id?: number | readonly number[] | null } | null;
  generate(options: Readonly<Record<string, unknown>>): Promise<unknown>;
  dispose(): Promise<unknown>;
}

type Inputs = Readonly<Record<string, unknown>> & { readonly input_ids?: Tensor; readonly pixel_values?: Tensor };

/** A processor of pictures, or of pictures and text. */
interface Processor extends Partial<Decoder> {
  (...inputs: readonly unknown[]): Promise<Inputs>;
  apply_chat_template?(messages: readonly object[], options: object): unknown;
}

interface Loadable<Loaded> {
  from_pretrained(model: string, options: Readonly<Record<string, unknown>>): Promise<Loaded>;
}

/** What of `@huggingface/transformers` (4) captioners use: the module itself fits. */
export interface TransformersJs {
  readonly AutoProcessor: Loadable<Processor>;
  readonly AutoTokenizer: Loadable<Decoder>;
  readonly AutoModelForVision2Seq: Loadable<Generator>;
  readonly AutoModelForImageTextToText: Loadable<Generator>;
  readonly RawImage: new (data: Uint8Array, width: number, height: number, channels: 3) => object;
}

export type { Decoder, Generator, Inputs, Processor, Tensor };

/** The library itself, an optional peer; a name in a variable, so that nothing here needs it to be built. */
const library: string = "@huggingface/transformers";

/** Loads the optional peer. */
export const loadTransformersJs = async (): Promise<TransformersJs> => {
  try {
    return (await import(library)) as TransformersJs;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new Error(`captions need the package ${library} (npm install ${library}): ${problem}`);
  }
};
