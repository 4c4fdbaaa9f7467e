import { describe, expect, it } from "vitest";
import { naiveDistributions } from "../../test/naiveDecoder.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import {
  completionOf,
  distance,
  encoded,
  idTokenizer,
  naiveWeights,
  textConfig,
  tinyState,
  wordPrompts,
} from "../../test/tinyDecoder.js";
import { toPromise } from "../errors.js";
import { add, grad, input, mul, reduceSum } from "../graph/index.js";
import { tensor } from "../tensor.js";
import {
  type BatchShape,
  batchInputs,
  type CompletionOptions,
  completionStatistics,
  groupsRead,
} from "./decoder/forward.js";
import { parameterInputs } from "./decoder/parameters.js";
import { decoderPolicy } from "./decoderPolicy.js";
import { packBatch, shapeFor } from "./prompts/pack.js";
import { groupTensors } from "./state.js";

const { device, evaluate } = testDevice();

/** Values, and gradients by all weights, of weighted log-probs and entropies. */
const outputsOf = (config: typeof textConfig, shape: BatchShape, options: CompletionOptions) => {
  const parameters = parameterInputs(config, groupsRead(shape));
  const found = completionStatistics(config, parameters.named, shape, batchInputs(config, shape), options);
  const up = input("up", "float32", found.logProbs.shape);
  const loss = reduceSum(mul(found.logProbs, up));
  const bonus = add(loss, reduceSum(mul(found.entropy!, up)));
  const [all, alone] = [bonus, loss].map((each) => grad(each, [parameters.groups.language!])[0]!);
  return { logProbs: found.logProbs, entropy: found.entropy!, all: all!, alone: alone! };
};

describe("a large vocabulary", () => {
  it("has the statistics and gradients of a small one, a chunk at a time", async () => {
    const state = tinyState(textConfig, 5);
    const groups = wordPrompts.map((prompt, at) => ({
      prompt: encoded(textConfig, prompt),
      completions: [completionOf(at, 3 + at), completionOf(at + 9, 2)],
    }));
    const shape = shapeFor(groups);
    const rows = groups.length * shape.samples;
    const up = Float32Array.from({ length: rows * shape.steps }, (_, at) => Math.sin(at));
    const feeds = {
      ...groupTensors(state),
      ...packBatch(textConfig, shape, groups),
      up: tensor("float32", [rows, shape.steps], up),
    };
    const whole = await evaluate(outputsOf(textConfig, shape, {}), feeds);
    for (const frozenHead of [false, true]) {
      const chunked = await evaluate(outputsOf(textConfig, shape, { wholeUpTo: 0, frozenHead }), feeds);
      for (const [name, value] of Object.entries(whole))
        expect(distance(numbers(chunked[name]), numbers(value)), name).toBeLessThan(2e-5); // float32, sums over all tokens
    }
  });

  it("gives the log-probs of a naive decoder", async () => {
    const config = { ...textConfig, vocabularySize: 4200 };
    const state = tinyState(config, 1);
    const tokenizer = { ...idTokenizer, vocabularySize: config.vocabularySize };
    const policy = decoderPolicy({ config, tokenizer, device: await device() });
    const [prompt, ids] = [wordPrompts[0]!, [3, 4100, 7]];
    const [[row]] = (await toPromise(policy.logProbs(state, [{ prompt, completions: [ids] }]))) as [[Float32Array]];
    const naive = naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), ids);
    const wanted = ids.map((id, at) => naive[at]![id]!);
    expect(distance(row, wanted)).toBeLessThan(1e-5);
  });
});
