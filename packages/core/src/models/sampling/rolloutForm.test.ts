import { describe, expect, it } from "vitest";
import { naiveDistributions, naiveLogSoftmax } from "../../../test/naiveDecoder.js";
import { numbers, testDevice } from "../../../test/testDevice.js";
import {
  distance,
  encoded,
  idTokenizer,
  naiveWeights,
  textConfig,
  tinyState,
  wordPrompts,
} from "../../../test/tinyDecoder.js";
import { toPromise } from "../../errors.js";
import { key, uniform } from "../../rng.js";
import { float32, tensor } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { namedParameters } from "../decoder/parameters.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { adapterOf } from "../lora/options.js";
import { packBatch, shapeFor } from "../prompts/pack.js";
import { groupTensors } from "../state.js";
import { rolloutGraph } from "./rollout.js";
import { type RolloutForm, rolloutForm } from "./rolloutForm.js";

const { device, evaluate } = testDevice();

const samples = 3;
const turns = 6;
const adapted: DecoderConfig = { ...textConfig, adapter: adapterOf(textConfig, { rank: 2 }) };

/** Tokens and log-probs of a rollout with an adapter, in one form. */
const rolledOut = async (form: RolloutForm) => {
  const groups = wordPrompts.map((prompt) => ({ prompt: encoded(textConfig, prompt), completions: [] }));
  const shape = { ...shapeFor(groups, samples), steps: 1 };
  const rows = groups.length * samples;
  const outputs = rolloutGraph(adapted, shape, { greedy: false, endId: 2, padId: 0, ...form });
  const { keyValueHeads, headSize } = textConfig;
  return evaluate(outputs, {
    ...namedParameters(textConfig, tinyState(textConfig, 1).parameters),
    ...groupTensors(tinyState(adapted, 2)),
    ...packBatch(textConfig, shape, groups),
    temperature: float32([], [1]),
    turns: tensor("int64", [], BigInt64Array.of(BigInt(turns))),
    uniforms: tensor("float32", [turns, groups.length, samples], uniform(key(3), turns * rows)),
    empty_cache: tensor("float32", [groups.length, keyValueHeads, samples, 0, headSize], new Float32Array(0)),
  });
};

describe("a rollout", () => {
  it.each<RolloutForm>([{ fewRows: true }, { merged: true }, { fewRows: true, merged: true }])(
    "draws the same in the form %o",
    async (form) => {
      const [plain, other] = [await rolledOut({}), await rolledOut(form)];
      expect(numbers(other.tokens)).toEqual(numbers(plain.tokens));
      // Sums in another order: float32 roundings over log-probs near 3 nats.
      expect(distance(numbers(other.log_probs), numbers(plain.log_probs))).toBeLessThan(1e-5);
    },
  );

  it.each([0, 0.5, 1])(
    "of a large vocabulary has its distribution's log-probs, temperature %d",
    async (temperature) => {
      const config = { ...textConfig, vocabularySize: 5000 };
      const state = tinyState(config, 1);
      const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
      const sampling = { samples: 2, temperature, maxTokens: 4 };
      const [rollout] = await toPromise(policy.sample(state, wordPrompts.slice(1, 2), sampling, key(1)));
      for (const { tokenIds, logProbs } of rollout!.completions) {
        const rows = naiveDistributions(
          config,
          naiveWeights(config, state),
          encoded(config, rollout!.prompt),
          tokenIds,
        );
        const scale = temperature === 0 ? 1 : temperature;
        const of = rows.map((row) => naiveLogSoftmax(row.map((logP) => logP / scale)));
        expect(
          distance(
            logProbs,
            tokenIds.map((id, at) => of[at]![id]!),
          ),
        ).toBeLessThan(1e-4);
        if (temperature === 0)
          for (const [at, id] of tokenIds.entries()) expect(of[at]![id]).toBe(Math.max(...of[at]!));
      }
    },
  );
});

describe("the form of a rollout", () => {
  const large = { ...textConfig, vocabularySize: 49_152, hiddenSize: 576, layers: 30, keyValueHeads: 3, headSize: 64 };
  const withAdapter = { ...large, adapter: adapterOf(textConfig, { rank: 2 }) };

  it("is the plain one for a small model, whatever the rows", () => {
    expect(rolloutForm(adapted, 8, 64)).toEqual({});
  });

  it("reads weights once for few rows of a large model, and merges an adapter for many tokens", () => {
    expect(rolloutForm(large, 8, 64)).toEqual({ fewRows: true });
    expect(rolloutForm(withAdapter, 8, 64)).toEqual({ fewRows: true });
    expect(rolloutForm(withAdapter, 16, 256)).toEqual({ fewRows: true, merged: true });
    expect(rolloutForm(withAdapter, 64, 64)).toEqual({ merged: true });
  });
});
