import * as E from "fp-ts/Either";
import { expect, it } from "vitest";
import { key } from "../rng.js";
import { float32 } from "../tensor.js";
import type { DecoderConfig } from "./decoder/config.js";
import { initialParameters } from "./decoder/parameters.js";
import { type DecoderState, loadState, saveState } from "./state.js";

const config: DecoderConfig = {
  vocabularySize: 5,
  hiddenSize: 8,
  intermediateSize: 8,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headSize: 4,
  ropeTheta: 1000,
  normEpsilon: 1e-6,
  contextLength: 8,
};

const state: DecoderState = {
  parameters: initialParameters(config, key(1)),
  optimizer: { "adamw.count": float32([], [3]), "adamw.m.language": float32([2], [1, 2]) },
  updates: 3,
};

it("comes back as it was saved, or with a fresh optimizer", () => {
  const saved = saveState(config, state);
  expect(loadState(config, saved, true)).toEqual(E.right(state));
  expect(loadState(config, saved, false)).toEqual(E.right({ ...state, optimizer: {}, updates: 0 }));
});

it.each([
  ["a wider one", { hiddenSize: 16 }, /model\.embed_tokens\.weight: float32 \[5,16\] wanted, float32 \[5,8\] given/],
  ["a deeper one", { layers: 3 }, /model\.layers\.2\.input_layernorm\.weight: float32 \[8\] wanted, nothing given/],
  ["a shallower one", { layers: 1 }, /model\.layers\.1\.mlp\.down_proj\.weight: not in this model/],
])("is refused by %s, which names every tensor", (_, other, message) => {
  const loaded = loadState({ ...config, ...other }, saveState(config, state), true);
  expect(loaded).toMatchObject({ left: { _tag: "BadCheckpoint", message: expect.stringMatching(message) } });
});

it("comes back from a model file: weights alone, whatever else stands beside the decoder where a new stage begins", () => {
  const { tensors } = saveState(config, { ...state, optimizer: {} });
  const alone = E.right({ ...state, optimizer: {}, updates: 0 });
  expect(loadState(config, { tensors, metadata: {} }, true)).toEqual(alone);
  const tower = { ...tensors, "vision_tower.norm.weight": float32([1], [1]) };
  expect(loadState(config, { tensors: tower, metadata: {} }, false)).toEqual(alone);
});

it.each(["model.layers.0.self_attn.q_norm.weight", "model.layers.1.self_attn.q_proj.bias", "lm_head.bias"])(
  "is refused where the decoder would miss a tensor: %s",
  (name) => {
    const { tensors, metadata } = saveState(config, state);
    for (const withOptimizer of [true, false]) {
      const loaded = loadState(
        config,
        { tensors: { ...tensors, [name]: float32([4], [1, 1, 1, 1]) }, metadata },
        withOptimizer,
      );
      const reason = `${name}: not in this model, float32 [4] given`;
      expect(loaded).toMatchObject({ left: { _tag: "BadCheckpoint", reason } });
    }
  },
);

it("lists everything that differs, one a line", () => {
  const { tensors, metadata } = saveState(config, state);
  const { "model.norm.weight": _, ...others } = tensors;
  const foreign = { ...others, "lm_head.weight": float32([2], [1, 1]), "model.extra": float32([], [1]) };
  const loaded = loadState(
    config,
    { tensors: foreign, metadata: { ...metadata, format: "other/1", updates: "x" } },
    true,
  );
  const message = [
    "these weights are not of this model:",
    "model.norm.weight: float32 [8] wanted, nothing given",
    "lm_head.weight: float32 [5,8] wanted, float32 [2] given",
    "model.extra: not in this model, float32 [] given",
    "format: msrl-decoder/1 wanted, other/1 given",
    "updates: a whole number wanted, x given",
  ].join("\n");
  expect(loaded).toMatchObject({ left: { _tag: "BadCheckpoint", message } });
});
