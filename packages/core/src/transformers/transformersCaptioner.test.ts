import * as E from "fp-ts/Either";
import { afterAll, describe, expect, it } from "vitest";
import type { Media, Pixels } from "../data/sample.js";
import { key } from "../rng.js";
import { transformersCaptioner, transformersCaptionerTask } from "./transformersCaptioner.js";
import type { TransformersJs } from "./transformersJs.js";

const frame = (seed: number): Pixels => ({
  width: 40,
  height: 30,
  data: Uint8Array.from({ length: 3600 }, (_, at) => (at * 37 + seed * 11) % 256),
});
const image: Media = { kind: "image", frames: [frame(0)] };
const video: Media = { kind: "video", frames: [0, 1, 2, 3].map(frame) };
const request = { key: key(0) };

/** The library and a vision-language model of its layout, where both are at hand. */
const path = process.env.MSRL_TRANSFORMERS_JS ?? "@huggingface/transformers";
const library = (await import(path).catch(() => undefined)) as TransformersJs | undefined;
const model = process.env.MSRL_CAPTION_MODEL;
const reason =
  library === undefined ? "@huggingface/transformers is not installed" : "MSRL_CAPTION_MODEL names no folder";
const skipped = library === undefined || model === undefined;

describe.skipIf(skipped)(`transformersCaptioner with a real model${skipped ? ` (skipped: ${reason})` : ""}`, () => {
  const open = (maxTokens: number) =>
    transformersCaptioner({
      model: model!,
      library: library!,
      maxTokens,
      dtype: "fp32",
      device: "cpu",
      localOnly: true,
    });
  const opened: Awaited<ReturnType<typeof open>>[] = [];
  afterAll(() => Promise.all(opened.map((captioner) => captioner.close())));

  it("captions images and videos, the same again each time", async () => {
    const captioner = await open(6);
    opened.push(captioner);
    const ask = (medium: Media) => captioner.caption(medium, request)();
    const [first, second, other] = await Promise.all([ask(image), ask(image), ask(video)]);
    if (E.isLeft(first!)) throw first.left;
    expect(first.right.tokens.prompt).toBeGreaterThan(4);
    expect(first.right).toMatchObject({ tokens: { completion: 6 }, truncated: true });
    expect(second).toEqual(first);
    expect(E.isRight(other!)).toBe(true);
  });

  it("says which model cannot be opened", async () => {
    const result = await transformersCaptionerTask({ model: `${model}-missing`, library: library!, localOnly: true })();
    expect(E.isLeft(result) && result.left).toMatchObject({ _tag: "CaptionError", final: true });
    expect(E.isLeft(result) && result.left.message).toContain(`${model}-missing`);
  });
});

/** A library of two models that count pictures: the tokens of a caption are the pictures seen, then the end, 2. */
const counting = (log: unknown[], tokens: (pictures: number) => readonly number[]): TransformersJs => {
  interface Ids {
    readonly dims: readonly number[];
    readonly tolist: () => readonly (readonly bigint[])[];
    readonly slice: (...places: readonly unknown[]) => Ids;
  }
  const ids = (values: readonly number[]): Ids => ({
    dims: [1, values.length],
    tolist: () => [values.map(BigInt)],
    slice: (_, range) => ids(values.slice((range as readonly [number, null])[0])),
  });
  const batch_decode = (given: object) => [
    ` ${((given as Ids).tolist()[0] ?? []).filter((id) => id !== 2n).join(" ")} `,
  ];
  const seen = async (...given: readonly unknown[]) => {
    const pictures = given.at(-1) as readonly object[];
    log.push(given);
    return given.length === 1 ? { pixel_values: ids([pictures.length]) } : { input_ids: ids([7, 7, pictures.length]) };
  };
  const generate = async (options: Readonly<Record<string, unknown>>) => {
    log.push({ max: options.max_new_tokens, sample: options.do_sample });
    const before = ((options.input_ids ?? options.inputs) as Ids).tolist()[0]!.map(Number);
    return ids([...before, ...tokens(before.at(-1)!)]);
  };
  const apply_chat_template = (messages: readonly object[]) => JSON.stringify(messages);
  const loaded = { generate, generation_config: { eos_token_id: [2] }, dispose: async () => log.push("disposed") };
  return {
    AutoProcessor: { from_pretrained: async () => Object.assign(seen, { batch_decode, apply_chat_template }) },
    AutoTokenizer: { from_pretrained: async () => ({ batch_decode }) },
    AutoModelForVision2Seq: { from_pretrained: async () => loaded },
    AutoModelForImageTextToText: { from_pretrained: async () => loaded },
    RawImage: class {},
  };
};

describe("transformersCaptioner", () => {
  it("puts pictures and prompt to a vision-language model", async () => {
    const log: unknown[] = [];
    const captioner = await transformersCaptioner({
      model: "counter",
      library: counting(log, (pictures) => [pictures, 2]),
      prompt: "What?",
      frames: { count: 3 },
    });
    const result = await captioner.caption(video, request)();
    expect(result).toEqual(E.right({ text: "3", tokens: { prompt: 3, completion: 2 }, truncated: false }));
    const content = [{ type: "image" }, { type: "image" }, { type: "image" }, { type: "text", text: "What?" }];
    expect(log).toEqual([[JSON.stringify([{ role: "user", content }]), [{}, {}, {}]], { max: 256, sample: false }]);
    await captioner.close();
    expect(log.at(-1)).toBe("disposed");
  });

  it("shows frames one by one to a captioning model, and joins several captions", async () => {
    const texts = [
      [5, 2],
      [5, 2],
      [6, 2],
      [8, 9],
    ];
    const library = counting([], () => texts.shift()!);
    const options = {
      model: "c",
      library,
      task: "image-to-text",
      frames: { count: 2 },
      captions: 2,
      maxTokens: 2,
    } as const;
    const captioner = await transformersCaptioner(options);
    const result = await captioner.caption(video, request)();
    expect(result).toEqual(E.right({ text: "5\n6\n8 9", tokens: { prompt: 0, completion: 8 }, truncated: true }));
  });

  it("samples where a caption was not taken, for the likeliest one is known", async () => {
    const log: unknown[] = [];
    const captioner = await transformersCaptioner({ model: "c", library: counting(log, () => [5, 2]) });
    for (const attempt of [0, 1]) await captioner.caption(image, { ...request, attempt })();
    expect(log.filter((entry) => !Array.isArray(entry))).toEqual([
      { max: 256, sample: false },
      { max: 256, sample: true },
    ]);
  });

  it("fails by value and goes on", async () => {
    const library = counting([], (pictures) => [pictures, 2]);
    const captioner = await transformersCaptioner({ model: "c", library });
    const nothing = captioner.caption({ kind: "image", frames: [] }, request)();
    const off = captioner.caption(image, { ...request, signal: AbortSignal.abort() })();
    const fine = captioner.caption(image, request)();
    expect(await nothing).toMatchObject({ left: { message: expect.stringContaining("no pictures"), final: true } });
    expect(E.isLeft(await off)).toBe(true);
    expect(E.isRight(await fine)).toBe(true);
  });

  it("tells its settings apart and refuses those that cannot be", async () => {
    const library = counting([], () => []);
    const of = async (more: object) => (await transformersCaptioner({ model: "c", library, ...more })).fingerprint;
    const changes = [{}, { prompt: "x" }, { maxTokens: 1 }, { dtype: "q8" }, { captions: 2 }, { frames: { count: 1 } }];
    expect(new Set(await Promise.all(changes.map(of))).size).toBe(changes.length);
    expect(() => transformersCaptionerTask({ model: "", task: "ocr" as "image-to-text" })).toThrow(/model[\s\S]*task/);
  });
});
