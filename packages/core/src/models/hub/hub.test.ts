import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { file } from "../../../test/safetensorsFile.js";
import { testDevice } from "../../../test/testDevice.js";
import { idTokenizer, textConfig } from "../../../test/tinyDecoder.js";
import { tinyBase } from "../../../test/tinyLora.js";
import { toPromise } from "../../errors.js";
import { key } from "../../rng.js";
import { float32, type Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { configToJson } from "../decoder/configJson.js";
import { namedParameters } from "../decoder/parameters.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { joinBytes, writeSafetensors } from "../safetensors/index.js";
import { fromHub } from "./fromHub.js";
import { toHub } from "./toHub.js";

const root = mkdtempSync(join(tmpdir(), "msrl-hub-"));
afterAll(() => rmSync(root, { recursive: true }));
const { device } = testDevice();

let count = 0;
const place = (): string => join(root, `${count++}`);

const base = tinyBase(textConfig);
const written = (): Promise<string> => toHub(place(), { config: textConfig, saved: { tensors: base } });

const withConfig = async (change: object): Promise<string> => {
  const folder = await written();
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...configToJson(textConfig), ...change }));
  return folder;
};

const withWeights = async (tensors: Tensors): Promise<string> => {
  const folder = await written();
  writeFileSync(join(folder, "model.safetensors"), joinBytes(writeSafetensors(tensors)));
  return folder;
};

const refusal = (folder: string) =>
  fromHub(folder).then(
    () => undefined,
    (error) => error,
  );

const variants: readonly DecoderConfig[] = [
  textConfig,
  { ...textConfig, attentionBias: "queryKeyValue", paddingId: 3 },
  { ...textConfig, attentionBias: "all", mlpBias: true, tiedEmbeddings: true },
  { ...textConfig, queryKeyNorm: true, ropeScaling: { type: "linear", factor: 4 } },
];

describe("a model folder", () => {
  it.each(variants.map((config) => [config] as const))("is read as it was written: %o", async (config) => {
    const weights = tinyBase(config);
    const folder = await toHub(place(), {
      config,
      saved: { tensors: { ...weights, "optimizer/m": float32([1], [1]) } },
    });
    const read = await fromHub(folder);
    expect(read.config).toEqual(config);
    expect(Object.keys(read.weights)).toEqual(Object.keys(weights));
    for (const [name, { data }] of Object.entries(weights)) expect(read.weights[name]!.data).toEqual(data);
  });

  it("gives a policy its first weights, all of them trained", async () => {
    const read = await fromHub(await written());
    const options = { config: read.config, base: read.weights, tokenizer: idTokenizer, device: await device() };
    const state = await toPromise(decoderPolicy(options).init(key(9)));
    expect(namedParameters(textConfig, state.parameters)).toEqual(base);
  });

  it("takes a shorter context than the model's", async () => {
    expect((await fromHub(await written(), { contextLength: 12 })).config.contextLength).toBe(12);
    expect(() => fromHub("nowhere", { contextLength: 0 })).toThrow(/contextLength is 0/);
  });

  it("is not written without all weights", async () => {
    const { "lm_head.weight": _, ...rest } = base;
    await expect(toHub(place(), { config: textConfig, saved: { tensors: rest } })).rejects.toMatchObject({
      _tag: "HubError",
      tensor: "lm_head.weight",
    });
  });
});

describe("a folder that cannot be used", () => {
  it("is named when it is not there", async () => {
    const folder = join(root, "nowhere");
    expect(await refusal(folder)).toMatchObject({
      _tag: "HubError",
      file: join(folder, "config.json"),
      given: "no such file",
    });
  });

  it("is named when it has no weights, or not those that its index names", async () => {
    const folder = await written();
    rmSync(join(folder, "model.safetensors"));
    expect(await refusal(folder)).toMatchObject({
      _tag: "HubError",
      file: folder,
      wanted: "model.safetensors or model.safetensors.index.json",
    });
    const index = join(folder, "model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ weight_map: { x: "../other.safetensors" } }));
    expect(await refusal(folder)).toMatchObject({ _tag: "HubError", file: index });
    writeFileSync(index, JSON.stringify({ weight_map: { x: "a.safetensors" } }));
    expect(await refusal(folder)).toMatchObject({ _tag: "HubError", file: join(folder, "a.safetensors") });
  });

  it.each<[object, string]>([
    [{ model_type: "gemma3" }, 'model_type: llama, qwen2, qwen3 wanted, "gemma3" given'],
    [{ hidden_act: "gelu" }, 'hidden_act: silu wanted, "gelu" given'],
    [
      { rope_scaling: { rope_type: "yarn", factor: 4 } },
      'rope_scaling.rope_type: default, linear or llama3 wanted, "yarn" given',
    ],
    [{ rope_parameters: { type: "linear" } }, "rope_parameters.factor: a positive number wanted, undefined given"],
    [{ partial_rotary_factor: 0.5 }, "partial_rotary_factor: 1 wanted, 0.5 given"],
    [{ use_sliding_window: true }, "use_sliding_window: false wanted, true given"],
    [
      { layer_types: ["full_attention", "sliding_attention"] },
      'layer_types: full_attention in every layer wanted, "sliding_attention" given',
    ],
    [
      { quantization_config: { quant_method: "gptq" } },
      'quantization_config: weights that are not quantised wanted, "gptq" given',
    ],
    [{ num_hidden_layers: "two" }, 'num_hidden_layers: a positive number wanted, "two" given'],
  ])("says which field of config.json: %o", async (change, problem) => {
    const folder = await withConfig(change);
    expect(await refusal(folder)).toMatchObject({
      _tag: "ModelConfigError",
      file: join(folder, "config.json"),
      problems: [problem],
    });
  });

  it("is named when config.json is not JSON", async () => {
    const folder = await written();
    writeFileSync(join(folder, "config.json"), "{");
    expect(await refusal(folder)).toMatchObject({
      _tag: "HubError",
      file: join(folder, "config.json"),
      wanted: "a JSON object",
    });
    writeFileSync(join(folder, "config.json"), "[]");
    expect(await refusal(folder)).toMatchObject({ _tag: "HubError", given: "a list" });
  });

  it("says every tensor that is missing, of another shape, or not of this architecture", async () => {
    const { "model.norm.weight": _, ...rest } = base;
    const folder = await withWeights({
      ...rest,
      "lm_head.weight": float32([2, 2], [1, 2, 3, 4]),
      "model.layers.0.self_attn.q_proj.bias": float32([1], [1]),
      "model.layers.0.self_attn.rotary_emb.inv_freq": float32([1], [1]),
    });
    const error = await refusal(folder);
    const weights = join(folder, "model.safetensors");
    expect(error).toMatchObject({ _tag: "HubError", tensor: "model.norm.weight", given: "no such tensor" });
    expect(error.message.split("\n")).toEqual([
      `${folder}: model.norm.weight: [16] wanted, no such tensor given`,
      `${weights}: lm_head.weight: [23,16] wanted, [2,2] given`,
      `${weights}: model.layers.0.self_attn.q_proj.bias: a tensor that this architecture has wanted, [1] given`,
    ]);
  });

  it("is named when its file is damaged or of another element type", async () => {
    const folder = await written();
    const path = join(folder, "model.safetensors");
    writeFileSync(path, file({ x: { dtype: "I32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4)));
    expect(await refusal(folder)).toMatchObject({ _tag: "HubError", tensor: "x", given: "I32" });
    writeFileSync(path, "short");
    expect(await refusal(folder)).toMatchObject({ _tag: "SafetensorsError", file: path });
  });
});
