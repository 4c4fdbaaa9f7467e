import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { textConfig, visionConfig } from "../../../test/tinyDecoder.js";
import type { DecoderConfig, VisionConfig } from "./config.js";
import { configFromJson, configToJson } from "./configJson.js";

/** The configuration as a file keeps it, read back. */
const reread = (config: DecoderConfig) =>
  configFromJson(JSON.parse(JSON.stringify(configToJson(config))), "config.json");

const count = fc.integer({ min: 1, max: 1e6 });
const positive = fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true });

const anyVision: fc.Arbitrary<VisionConfig> = fc.record({
  patchSize: count,
  hiddenSize: count,
  intermediateSize: count,
  layers: count,
  imagePositions: count,
  videoPositions: count,
});

const anyConfig: fc.Arbitrary<DecoderConfig> = fc
  .record({
    vocabularySize: count,
    hiddenSize: count,
    intermediateSize: count,
    layers: count,
    keyValueHeads: count,
    share: fc.integer({ min: 1, max: 8 }),
    headSize: count,
    ropeTheta: positive,
    normEpsilon: positive,
    contextLength: count,
    vision: fc.option(anyVision),
    features: fc.constantFrom<Partial<DecoderConfig>>(
      {},
      { tiedEmbeddings: true, attentionBias: "all", mlpBias: true },
      { attentionBias: "queryKeyValue", paddingId: 7, ropeScaling: { type: "linear", factor: 1.5 } },
      {
        queryKeyNorm: true,
        attentionBias: "all",
        ropeScaling: {
          type: "llama3",
          factor: 8,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalContextLength: 64,
        },
      },
    ),
  })
  .map(({ share, vision, features, ...rest }) => ({
    ...rest,
    ...features,
    heads: share * rest.keyValueHeads,
    ...(vision && { vision }),
  }));

/** What a file is refused with. */
const refusal = (json: object) => {
  const result = configFromJson(json as Readonly<Record<string, unknown>>, "base/config.json");
  if (E.isRight(result)) throw new Error("an error expected");
  return result.left;
};

describe("config.json", () => {
  it("gives back every configuration that was written", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        expect(reread(config)).toEqual(E.right(config));
      }),
    );
  });

  it("speaks as Hugging Face's Llama does", () => {
    const { vision_config: _, ...llama } = configToJson(visionConfig);
    expect(configToJson(textConfig)).toEqual(llama);
    expect(llama).toEqual({
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      hidden_act: "silu",
      attention_bias: false,
      mlp_bias: false,
      tie_word_embeddings: false,
      vocab_size: 23,
      hidden_size: 16,
      intermediate_size: 24,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 6,
      rope_theta: 100,
      rms_norm_eps: 1e-5,
      max_position_embeddings: 40,
    });
  });

  it("reads what else a file holds past", () => {
    const json = { ...configToJson(textConfig), torch_dtype: "float32", bos_token_id: 1 };
    expect(configFromJson(json, "config.json")).toEqual(E.right(textConfig));
  });
});

describe("a config.json that is not a decoder's", () => {
  const whole = configToJson(visionConfig);
  const vision = whole.vision_config as object;

  it.each<[string, object, string]>([
    ["a missing size", { ...whole, head_dim: undefined }, "head_dim: a positive number wanted, undefined given"],
    ["none", { ...whole, num_hidden_layers: 0 }, "num_hidden_layers: a positive number wanted, 0 given"],
    ["a negative size", { ...whole, vocab_size: -3 }, "vocab_size: a positive number wanted, -3 given"],
    ["half a size", { ...whole, hidden_size: 1.5 }, "hidden_size: a positive number wanted, 1.5 given"],
    ["a number in words", { ...whole, rope_theta: "1e4" }, 'rope_theta: a positive number wanted, "1e4" given'],
    [
      "heads that do not share alike",
      { ...whole, num_attention_heads: 5 },
      "num_attention_heads: a multiple of num_key_value_heads wanted, 5 given",
    ],
    [
      "a part of the vision tower",
      { ...whole, vision_config: { ...vision, patch_size: null } },
      "vision_config.patch_size: a positive number wanted, null given",
    ],
  ])("says the file and the field: %s", (_, json, problem) => {
    expect(refusal(json)).toMatchObject({
      _tag: "ModelConfigError",
      file: "base/config.json",
      problems: [problem],
      message: `base/config.json: ${problem}`,
    });
  });

  it("names all that is wrong at once", () => {
    const json = { ...whole, rms_norm_eps: 0, vision_config: { ...vision, image_positions: 0 } };
    expect(refusal(json).problems.map((problem) => problem.split(":")[0])).toEqual([
      "rms_norm_eps",
      "vision_config.image_positions",
    ]);
    expect(refusal({}).problems.length).toBeGreaterThanOrEqual(10);
  });
});
