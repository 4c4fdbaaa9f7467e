import { toPromise } from "@msrl/core";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { type DecoderConfig, decoderPolicy } from "@msrl/core/models";
import { adamw, chain, clipByGlobalNorm, sgd } from "@msrl/core/optim";
import type { TrainingBatch } from "@msrl/core/policy";
import { describe, expect, it } from "vitest";
import { float32, type Tensors } from "../../packages/core/src/tensor.js";
import { naiveLogSoftmax } from "../../packages/core/test/naiveDecoder.js";
import { testDevice } from "../../packages/core/test/testDevice.js";
import { idTokenizer, promptOf } from "../../packages/core/test/tinyDecoder.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface HubConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_parameters: { readonly rope_theta: number };
}

const [given] = goldenCases<{ readonly config: HubConfig }>("model_llama_weights");
const hub = given!.options.config;
const config: DecoderConfig = {
  vocabularySize: hub.vocab_size,
  hiddenSize: hub.hidden_size,
  intermediateSize: hub.intermediate_size,
  layers: hub.num_hidden_layers,
  heads: hub.num_attention_heads,
  keyValueHeads: hub.num_key_value_heads,
  headSize: hub.head_dim,
  ropeTheta: hub.rope_parameters.rope_theta,
  normEpsilon: hub.rms_norm_eps,
  contextLength: hub.max_position_embeddings,
};
const tensors: Tensors = Object.fromEntries(
  Object.entries(given!.inputs.weights as unknown as Readonly<Record<string, Numbers>>).map(([name, values]) => [
    name,
    float32(shapeOf(values), flat(values)),
  ]),
);

const { device } = testDevice();
const opened = async () => {
  const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
  return { policy, state: await toPromise(policy.load({ tensors, metadata: {} })) };
};

const cases = goldenCases<{ readonly temperature?: number; readonly loss_type?: string; readonly beta?: number }>(
  "model_llama",
);
const named = (name: string) => cases.find((one) => one.name === name)!;

/** Why a case is not run. */
const reason = ({ name, options }: (typeof cases)[number]): string | undefined => {
  if (name.startsWith("lora")) return "no adapters yet";
  return name.startsWith("logps_entropy/") && options.temperature !== 1
    ? "log-probs of given tokens are at temperature 1"
    : undefined;
};

type Matrix = readonly (readonly number[])[];

/** The rows of a batch without their padding, cut into prompt and completion; `at`: where the tokens stand. */
const rowsOf = ({ inputs }: Pick<GoldenCase<unknown>, "inputs">) => {
  const length = inputs.prompt_length as number;
  return (inputs.input_ids as Matrix).map((ids, row) => {
    const at = ids.map((_, column) => column).filter((column) => (inputs.attention_mask as Matrix)[row]![column] === 1);
    const tokens = (from: number, to: number) => at.filter((c) => c >= from && c < to).map((column) => ids[column]!);
    return { at, ids: tokens(0, ids.length), prompt: tokens(0, length), completion: tokens(length, ids.length) };
  });
};
const rows = rowsOf(named("sft_forward_backward"));

describe("a decoder with a Llama checkpoint's weights", () => {
  it.each(["sft_forward_backward", "explicit_position_ids"])(
    "has the log-probs of transformers' logits, whatever the padding of its rows: %s",
    async (name) => {
      const { policy, state } = await opened();
      const vocabulary = Array.from({ length: config.vocabularySize }, (_, id) => [id]);
      const sequences = rows.flatMap(({ ids }, row) =>
        ids.map((_, at) => ({ prompt: promptOf(`${row} ${at}`, ids.slice(0, at + 1)), completions: vocabulary })),
      );
      const scored = await toPromise(policy.logProbs(state, sequences));
      const logits = named(name).expected.logits as readonly Matrix[];
      const wanted = rows.flatMap(({ at }, row) => at.flatMap((column) => naiveLogSoftmax(logits[row]![column]!)));
      const actual = scored.flat().map(([logProb]) => logProb!);
      expectNear(actual, wanted, named(name).tolerance);
    },
  );

  it("has the log-probs and entropies of TRL", async () => {
    const { policy, state } = await opened();
    const { expected, tolerance } = named("logps_entropy/T_1.0");
    const scored = await toPromise(
      policy.logProbs(
        state,
        rows.map(({ prompt, completion }, row) => ({ prompt: promptOf(`${row}`, prompt), completions: [completion] })),
      ),
    );
    const wanted = (field: string) =>
      rows.flatMap(({ completion }, row) => (expected[field] as Matrix)[row]!.slice(0, completion.length));
    expectNear(
      scored.flat().flatMap((row) => [...row]),
      wanted("logp"),
      tolerance,
    );
    const { metrics } = await toPromise(
      policy.update(state, batch(), crossEntropy(), { transform: sgd({ learningRate: 1 }) }),
    );
    const entropies = wanted("entropy");
    expectNear([metrics.entropy!], [entropies.reduce((a, b) => a + b, 0) / entropies.length], tolerance);
  });

  it("has the loss and the gradients of transformers", async () => {
    const { policy, state } = await opened();
    const { expected, gradients, tolerance } = named("sft_forward_backward");
    const update = policy.update(state, batch(), crossEntropy(), { transform: sgd({ learningRate: 1 }) });
    const { state: next, metrics } = await toPromise(update);
    expectNear([metrics.loss!], flat(expected.loss), tolerance);
    const moved = (await toPromise(policy.save(next))).tensors;
    const full = Object.entries(gradients.full as unknown as Readonly<Record<string, Numbers>>);
    expect(full.length).toBeGreaterThan(5);
    for (const [name, wanted] of full) {
      const after = moved[name]!.data as Float32Array;
      const gradient = (tensors[name]!.data as Float32Array).map((before, at) => before - after[at]!);
      expectNear([...gradient], flat(wanted), tolerance);
    }
  });

  it("continues as transformers' greedy search does", async () => {
    const { policy, state } = await opened();
    const prompts = rows.map(({ prompt }, row) => promptOf(`${row}`, prompt));
    const sampling = { samples: 1, temperature: 0, maxTokens: 8 };
    const rollouts = await toPromise(policy.sample(state, prompts, sampling, { high: 0, low: 0 }));
    const { inputs, expected } = named("greedy");
    const [, width] = shapeOf(inputs.input_ids);
    // What ended early is padded there.
    const wanted = (expected.sequences as Matrix).map((ids) => {
      const continued = ids.slice(width);
      const end = continued.indexOf(idTokenizer.endId);
      return end < 0 ? continued : continued.slice(0, end + 1);
    });
    expect(rollouts.map(({ completions }) => completions[0]!.tokenIds)).toEqual(wanted);
  });

  it.each(["grpo_two_steps/grpo_beta_0.0", "grpo_two_steps/dapo_beta_0.04"])(
    "goes the way of TRL, clip_grad_norm_ and torch's AdamW: %s",
    async (name) => {
      const { inputs, options, expected, tolerance } = named(name);
      const { policy, state } = await opened();
      const aggregation = options.loss_type === "grpo" ? "sequenceMean" : "tokenMean";
      const loss = grpo({ epsilonLow: 0.2, epsilonHigh: 0.2, beta: options.beta!, aggregation });
      const optimizer = {
        transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 0.01, weightDecay: 0.01 })),
      };
      const training = batch((row, length) => ({
        advantage: (inputs.advantages as readonly number[])[row]!,
        oldLogProbs: (inputs.old_logp as Matrix)[row]!.slice(0, length),
        referenceLogProbs: (inputs.ref_logp as Matrix)[row]!.slice(0, length),
      }));
      const steps = [];
      let now = state;
      for (const norms of expected.param_norms as unknown as readonly Readonly<Record<string, number>>[]) {
        const { state: next, metrics } = await toPromise(policy.update(now, training, loss, optimizer));
        now = next;
        steps.push(metrics);
        const saved = (await toPromise(policy.save(now))).tensors;
        const norm = (parameter: string) => Math.hypot(...(saved[parameter]!.data as Float32Array));
        expectNear(Object.keys(norms).map(norm), Object.values(norms), tolerance);
      }
      expectNear(
        steps.map(({ loss: value }) => value!),
        flat(expected.losses),
        tolerance,
      );
      expectNear(
        steps.map(({ gradient_norm: norm }) => norm!),
        flat(expected.grad_norms),
        tolerance,
      );
    },
  );
});

describe("cases of a Llama that do not apply", () => {
  skipCases(cases, reason);
  skipCases([given!], () => "the weights, which the other cases read");
});

type Terms = Omit<TrainingBatch[number]["completions"][number], "tokenIds">;

/** The golden rows as groups of one. */
const batch = (terms: (row: number, length: number) => Terms = () => ({ advantage: 1 })): TrainingBatch =>
  rows.map(({ prompt, completion }, row) => ({
    prompt: promptOf(`${row}`, prompt),
    completions: [{ tokenIds: completion, ...terms(row, completion.length) }],
  }));
