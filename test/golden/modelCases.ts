import { toPromise } from "@msrl/core";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { decoderPolicy, mergeAdapter } from "@msrl/core/models";
import { adamw, chain, clipByGlobalNorm, sgd } from "@msrl/core/optim";
import type { TrainingBatch } from "@msrl/core/policy";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../packages/core/test/testDevice.js";
import { promptOf } from "../../packages/core/test/tinyDecoder.js";
import { expectNear, flat, type GoldenCase, type Numbers, shapeOf } from "./golden.js";
import {
  adapterName,
  atTemperature,
  batchOf,
  expectGradients,
  expectLogits,
  type Matrix,
  type ModelOptions,
  type ModelWeights,
  modelOf,
  type Named,
  rowsOf,
  type Terms,
  tensorsOf,
  tokenizer,
} from "./modelSetup.js";

/** Runs all cases of a model that apply, with the weights of its own file. */
export const goldenModel = (
  what: string,
  cases: readonly GoldenCase<ModelOptions>[],
  given: GoldenCase<ModelWeights>,
): void => {
  const named = (name: string) => cases.find((one) => one.name === name)!;
  const rows = rowsOf(named("sft_forward_backward"));
  const model = modelOf(given);
  const { config, tensors } = model;
  const { device } = testDevice();
  const opened = async (from = model) => {
    const policy = decoderPolicy({ config: from.config, tokenizer, device: await device() });
    return { policy, state: await toPromise(policy.load({ tensors: from.tensors, metadata: {} })) };
  };
  const adapted = async () => {
    const { inputs, options } = named("lora_r2_alpha4");
    const lora = { rank: options.r!, alpha: options.alpha!, targets: ["q_proj", "v_proj"] };
    const policy = decoderPolicy({ config, base: tensors, tokenizer, device: await device(), lora });
    const saved = { tensors: tensorsOf(inputs.lora, adapterName), metadata: {} };
    return { policy, lora, saved, state: await toPromise(policy.load(saved)) };
  };

  const batch = (terms?: (row: number, length: number) => Terms): TrainingBatch => batchOf(rows, terms);

  describe(`a decoder with a ${what} checkpoint's weights`, () => {
    it.each(["sft_forward_backward", "explicit_position_ids"])(
      "has the log-probs of transformers' logits, whatever the padding of its rows: %s",
      async (name) => {
        const { policy, state } = await opened();
        await expectLogits(
          rows,
          policy,
          state,
          named(name).expected.logits as readonly Matrix[],
          named(name).tolerance,
        );
      },
    );

    // Their gradients are of the log-probs of padding too, which no row has here.
    it.each(["logps_entropy/T_1.0", "logps_entropy/T_0.7"])(
      "has the log-probs and entropies of TRL: %s",
      async (name) => {
        const { expected, options, tolerance } = named(name);
        const { policy, state } = await opened(
          options.temperature === 1 ? model : atTemperature(model, options.temperature!),
        );
        const scored = await toPromise(
          policy.logProbs(
            state,
            rows.map(({ prompt, completion }, row) => ({
              prompt: promptOf(`${row}`, prompt),
              completions: [completion],
            })),
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
      },
    );

    it("has the loss and the gradients of transformers", async () => {
      const { policy, state } = await opened();
      const { expected, gradients, tolerance } = named("sft_forward_backward");
      const update = policy.update(state, batch(), crossEntropy(), { transform: sgd({ learningRate: 1 }) });
      const { state: next, metrics } = await toPromise(update);
      expectNear([metrics.loss!], flat(expected.loss), tolerance);
      const { full, norms } = gradients as unknown as Parameters<typeof expectGradients>[2];
      expect(Object.keys(norms!).sort()).toEqual(Object.keys(tensors).sort());
      expect(Object.keys(full).length).toBeGreaterThan(5);
      expectGradients(tensors, (await toPromise(policy.save(next))).tensors, { full, norms: norms! }, tolerance);
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
        const end = continued.indexOf(tokenizer.endId);
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
        const final = (await toPromise(policy.save(now))).tensors;
        const finals = {
          final_norm_weight: "model.norm.weight",
          final_q_proj_0: "model.layers.0.self_attn.q_proj.weight",
        };
        for (const [wanted, weight] of Object.entries(finals))
          expectNear([...(final[weight]!.data as Float32Array)], flat(expected[wanted]), tolerance);
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

    it("has the logits, the loss and the gradients of peft", async () => {
      const { policy, saved, state } = await adapted();
      const { expected, gradients, tolerance } = named("lora_r2_alpha4");
      await expectLogits(rows, policy, state, expected.logits as readonly Matrix[], tolerance);
      const update = policy.update(state, batch(), crossEntropy(), { transform: sgd({ learningRate: 1 }) });
      const { state: next, metrics } = await toPromise(update);
      expectNear([metrics.loss!], flat(expected.loss), tolerance);
      const moved = (await toPromise(policy.save(next))).tensors;
      const wanted = Object.entries(gradients.full as unknown as Named);
      expect(wanted.length).toBe(Object.keys(saved.tensors).length);
      const full = Object.fromEntries(wanted.map(([name, values]) => [adapterName(name), values]));
      expectGradients(saved.tensors, moved, { full }, tolerance);
    });

    it("has peft's weights once the adapter is merged into them", async () => {
      const { lora, saved } = await adapted();
      const { expected, tolerance } = named("lora_merged");
      const merged = mergeAdapter({ base: tensors, lora, saved });
      for (const [short, wanted] of Object.entries(expected)) {
        const [, projection, layer] = /^(.+)_(\d+)$/.exec(short)!;
        const weight = merged[`model.layers.${layer}.self_attn.${projection}.weight`]!;
        expectNear([...(weight.data as Float32Array)], flat(wanted as Numbers), tolerance);
      }
    });
  });
};
