import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { visionConfig as config, idTokenizer, mixedPrompts, tinyState } from "../../test/tinyDecoder.js";
import { right, trainingBatch } from "../../test/tinyTraining.js";
import { toPromise } from "../errors.js";
import { reduceSumSquare, sqrt, stopGradient, sub } from "../graph/index.js";
import { crossEntropy, grpo, type Loss } from "../losses/index.js";
import { adamw, chain, clipByGlobalNorm } from "../optim/index.js";
import type { TrainingBatch } from "../policy/policy.js";
import { namedParameters } from "./decoder/parameters.js";
import { decoderPolicy } from "./decoderPolicy.js";
import type { DecoderState } from "./state.js";

const { device } = testDevice();

const optimizer = { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-2 })) };
const batch = trainingBatch(mixedPrompts, 2);

/** Policies by tokens a run: each keeps its compiled graphs. */
const policies = new Map<number, ReturnType<typeof decoderPolicy>>();
const policyOf = async (tokensPerRun = 16_384) => {
  const options = { config, tokenizer: idTokenizer, device: await device(), tokensPerRun };
  const policy = policies.get(tokensPerRun) ?? decoderPolicy(options);
  policies.set(tokensPerRun, policy);
  return policy;
};
const [learn, imitate] = [grpo(), crossEntropy()];

/** A loss of zero whose slope there is infinite. */
const steep: Loss = {
  ...learn,
  build: ({ logProbs }) => ({
    loss: sqrt(reduceSumSquare(sub(logProbs, stopGradient(logProbs)))),
    metrics: {},
  }),
};

/** The batch with one completion's advantage replaced. */
const withAdvantage = (advantage: number): TrainingBatch =>
  batch.map((group, at) =>
    at === 3 ? { ...group, completions: group.completions.map((each) => ({ ...each, advantage })) } : group,
  );

/** A trained state in which one number of one parameter is another. */
const spoiled = (state: DecoderState, parameter: string, value: number): DecoderState => {
  const parameters = Object.fromEntries(
    Object.entries(state.parameters).map(([group, values]) => [group, values.slice()]),
  );
  (namedParameters(config, parameters)[parameter]!.data as Float32Array)[3] = value;
  return { ...state, parameters };
};

const copyOf = (state: DecoderState): DecoderState => structuredClone(state);

describe.each([
  ["in one run", 16_384],
  ["in pieces", 70],
])("an update %s that is not finite", (_, tokensPerRun) => {
  it.each([
    ["an infinite loss", 1e38, "the loss"],
    ["a loss of NaN", Number.NaN, "the loss"],
    ["an infinite norm of finite gradients", 1e25, "the norm of the gradient"],
  ])("by its advantages is refused, the state being what it was: %s", async (__, advantage, tensor) => {
    const policy = await policyOf(tokensPerRun);
    const { state } = await toPromise(policy.update(tinyState(config, 1), batch, learn, optimizer));
    const before = copyOf(state);
    const result = await policy.update(state, withAdvantage(advantage), imitate, optimizer)();
    const message = `update 2: ${tensor} is not a finite number; the weights are as they were before it`;
    expect(result).toMatchObject({ left: { _tag: "NotFinite", step: 2, tensor, message } });
    expect(state).toEqual(before);
    const retried = [state, before].map((each) => toPromise(policy.update(each, batch, learn, optimizer)));
    const [again, wanted] = await Promise.all(retried);
    expect(again).toEqual(wanted);
  });

  it("by its gradients alone names the first of them", async () => {
    const policy = await policyOf(tokensPerRun);
    const trains = ["projector", "language"];
    const result = await policy.update(tinyState(config, 1), batch, steep, { ...optimizer, trains })();
    const tensor = "the gradient of multi_modal_projector.linear.weight";
    expect(result).toMatchObject({ left: { _tag: "NotFinite", step: 1, tensor } });
  });

  it.each([
    ["model.layers.1.mlp.up_proj.weight", Number.NaN],
    ["model.norm.weight", Number.POSITIVE_INFINITY],
    ["vision_tower.position_embedding.weight", Number.NaN],
  ])("by its weights names the weight, trained or frozen: %s", async (parameter, value) => {
    const policy = await policyOf(tokensPerRun);
    const state = spoiled(tinyState(config, 1), parameter, value);
    for (const trains of [["language"], ["vision", "projector", "language"]]) {
      const result = await policy.update(state, batch, learn, { ...optimizer, trains })();
      expect(result).toMatchObject({ left: { _tag: "NotFinite", step: 1, tensor: `the weight ${parameter}` } });
    }
  });
});

describe("a position that does not count", () => {
  it("may hold what it likes", async () => {
    const policy = await policyOf();
    const masked = (advantage: number, old: number): TrainingBatch =>
      batch.map((group) => ({
        ...group,
        completions: group.completions.map(({ tokenIds }) => ({
          tokenIds,
          mask: tokenIds.map((_, at) => (at === 0 ? 1 : 0)),
          advantage: tokenIds.map((_, at) => (at === 0 ? 1 : advantage)),
          oldLogProbs: tokenIds.map((_, at) => (at === 0 ? -3 : old)),
        })),
      }));
    const updated = await policy.update(tinyState(config, 1), masked(Number.NaN, -1e30), learn, optimizer)();
    expect(right(updated)).toEqual(
      await toPromise(policy.update(tinyState(config, 1), masked(0, 0), learn, optimizer)),
    );
  });
});
