import { expect, it } from "vitest";
import { textConfig } from "../../../test/tinyDecoder.js";
import { linearModules } from "./adapterParameters.js";
import { adapterOf, loraDefaults } from "./options.js";

const layers = [...linearModules(textConfig).keys()];

it("takes all linear layers but the head", () => {
  expect(layers).toHaveLength(7 * textConfig.layers);
  expect(adapterOf(textConfig, {})).toEqual({ rank: 8, scaling: 1, dropout: 0, modules: layers });
  expect(layers.some((name) => /lm_head|embed/.test(name))).toBe(false);
});

it("takes layers by the ends of their names, in the order of the model", () => {
  const modulesOf = (...targets: readonly string[]) => adapterOf(textConfig, { targets }).modules;
  expect(modulesOf("v_proj", "q_proj")).toEqual(layers.filter((name) => /\.[qv]_proj$/.test(name)));
  expect(modulesOf("mlp.up_proj")).toEqual(layers.filter((name) => name.endsWith("up_proj")));
  expect(modulesOf("model.layers.1.self_attn.o_proj")).toEqual(["model.layers.1.self_attn.o_proj"]);
  expect(() => modulesOf("proj")).toThrow(); // an end behind a dot, as peft has it
});

it("scales by alpha / rank, or by alpha / sqrt(rank)", () => {
  expect(adapterOf(textConfig, { rank: 4, alpha: 32 }).scaling).toBe(8);
  expect(adapterOf(textConfig, { rank: 4, alpha: 32, rankStabilized: true }).scaling).toBe(16);
});

it.each([
  [{ rank: 0 }, "lora: rank is 0, wanted a whole number of at least 1"],
  [{ alpha: -1 }, "lora: alpha is -1, wanted a finite number above 0"],
  [{ dropout: 1 }, "lora: dropout is 1, wanted a number of at least 0 and below 1"],
  [{ targets: [] }, "lora: targets is "],
  [
    { targets: ["query", "q_proj"] },
    'lora: targets is "query", wanted names that end in q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj',
  ],
  [{ r: 8 }, `lora: r is not an option, wanted one of ${Object.keys(loraDefaults).join(", ")}`],
])("refuses what cannot be: %o", (options, message) => {
  expect(() => adapterOf(textConfig, options as object)).toThrow(message);
});
