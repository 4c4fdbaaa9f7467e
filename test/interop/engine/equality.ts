import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import { crossEntropy, dapo, grpo, type Loss, stableReinforce } from "@msrl/core/losses";
import { adamw } from "@msrl/core/optim";
import type { TrainingBatch } from "@msrl/core/policy";
import { sampledReverseKl } from "@msrl/distill";
import { type EngineOptions, enginePolicy, idPrompt, localTwin } from "./policies.js";
import { isTied, tiedAdapter } from "./tied.js";

const losses: readonly Loss[] = [grpo({ beta: 0.04 }), dapo(), stableReinforce(), sampledReverseKl(), crossEntropy()];
const steps = 3;
const optimizer = { transform: adamw({ learningRate: 3e-3, weightDecay: 0.01 }) };
/**
 * Of which the adapter is drawn. The gradients of engine and library differ by up to 1.3e-5 (float32; the largest element is 4),
 * and Adam's first step is as large for a small element as for a large one: one within that noise may go the other way. Here
 * none is below 6e-5.
 */
const adapterKey = key(13);
const prompts = [idPrompt([5, 9, 30, 12]), idPrompt([7, 8, 41])];
const completions = [
  [
    [11, 20, 31, 44, 318],
    [60, 61, 62],
  ],
  [
    [21, 22, 23, 24, 25, 26],
    [90, 318],
  ],
];
const advantages = [
  [1.5, -0.7],
  [-1, 0.4],
];
const asked = prompts.map((prompt, group) => ({ prompt, completions: completions[group]! }));

/** Largest distance of two policies' log-probs. */
const distance = (a: readonly (readonly Float32Array[])[], b: readonly (readonly Float32Array[])[]): number =>
  Math.max(
    ...a.flatMap((group, g) => group.flatMap((row, r) => Array.from(row, (x, t) => Math.abs(x - b[g]![r]![t]!)))),
  );

/** A batch whose ratios are off 1 on both sides, with a reference's log-probs. */
const batchOf = (old: readonly (readonly Float32Array[])[]): TrainingBatch =>
  asked.map(({ prompt, completions }, group) => ({
    prompt,
    completions: completions.map((tokenIds, at) => ({
      tokenIds,
      advantage: advantages[group]![at]!,
      oldLogProbs: Array.from(old[group]![at]!, (value, token) => value + 0.3 * Math.sin(token + at)),
      referenceLogProbs: Array.from(old[group]![at]!, (value, token) => value + Math.cos(token)),
    })),
  }));

/** Updates on the server and here from the same adapter: the largest distance of log-probs after each of three steps, by loss. */
export const equality = async (options: EngineOptions, folder: string): Promise<readonly string[]> => {
  const policy = enginePolicy({ ...options, measured: true });
  const { reduction, builtIn, sampler } = await toPromise(policy.facts());
  const lines = [`measured: ${reduction}, own losses ${builtIn.join(" ")}, sampler ${sampler}`];
  for (const loss of losses) {
    let state = await toPromise(policy.init(adapterKey));
    const twin = await localTwin(
      policy,
      state,
      options.baseModel,
      options.device,
      join(folder, `adapter-${loss.name}`),
    );
    let local = twin.state;
    const tied = isTied(twin.saved);
    const whole = await toPromise(twin.local.save(local));
    const own = { transform: tiedAdapter(optimizer.transform, whole, tied) };
    const old = await toPromise(policy.logProbs(state, asked));
    const far = [distance(old, await toPromise(twin.local.logProbs(local, asked)))];
    for (let step = 0; step < steps; step++) {
      const engine = await toPromise(policy.update(state, batchOf(old), loss, optimizer));
      const here = await toPromise(twin.local.update(local, batchOf(old), loss, own));
      [state, local] = [engine.state, here.state];
      const now = await toPromise(policy.logProbs(state, asked));
      far.push(distance(now, await toPromise(twin.local.logProbs(local, asked))));
      const apart = Math.abs(engine.metrics.gradient_norm! / here.metrics.engine_norm! - 1);
      if (apart > 1e-3)
        throw new Error(
          `${loss.name}, step ${step}: apart ${far} gradient norms ${engine.metrics.gradient_norm} and ${here.metrics.engine_norm}`,
        );
    }
    const moved = distance(old, await toPromise(policy.logProbs(state, asked)));
    const digits = far.map((value) => value.toExponential(1)).join(" ");
    if (far.some((value) => !(value < 1e-4)) || moved < 0.01)
      throw new Error(`${loss.name}: apart by ${digits}, moved by ${moved}`);
    lines.push(
      `${loss.name}${tied ? " (one A for q, k, v and one for gate, up, as the engine holds them)" : ""}: apart by ${digits} in log-probs after 0 to ${steps} steps, moved by ${moved.toFixed(2)}`,
    );
    await toPromise(policy.release(state));
  }
  await toPromise(policy.close());
  return lines;
};
