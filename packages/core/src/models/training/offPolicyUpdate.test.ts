import { expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import { textConfig as config, distance, tinyState, wordPrompts } from "../../../test/tinyDecoder.js";
import { gradientsOf, trainingBatch } from "../../../test/tinyTraining.js";
import { grpo, icePop, type Loss } from "../../losses/index.js";
import type { TrainingBatch, TrainingCompletion } from "../../policy/policy.js";

const { device } = testDevice();
const state = tinyState(config, 1);
const batch = trainingBatch(wordPrompts, 3);

const each = (change: (completion: TrainingCompletion) => TrainingCompletion): TrainingBatch =>
  batch.map(({ prompt, completions }) => ({ prompt, completions: completions.map(change) }));

const gradients = async (training: TrainingBatch, loss: Loss, perRun?: number) =>
  gradientsOf(config, await device(), state, training, loss, perRun);

const apart = (a: Awaited<ReturnType<typeof gradients>>, b: Awaited<ReturnType<typeof gradients>>): number =>
  Math.max(...Object.keys(a.gradients).map((name) => distance(a.gradients[name]!, b.gradients[name]!)));

/** p_old / p_sampler by token: some within the bounds of IcePop, some not, some unknown. */
const ratios = [1.5, 0.2, 1, Number.NaN, 6];
const ratioAt = (at: number): number => ratios[at % ratios.length]!;
const oldOf = ({ tokenIds, oldLogProbs }: TrainingCompletion) =>
  oldLogProbs ?? tokenIds.map((_, at) => -2 - (at % 3) / 4);

it("weighs the advantages by the correction of the sampler's log-probs", async () => {
  const sampled = each((completion) => {
    const oldLogProbs = oldOf(completion);
    return { ...completion, oldLogProbs, samplerLogProbs: oldLogProbs.map((old, at) => old - Math.log(ratioAt(at))) };
  });
  const weighed = each((completion) => {
    const { advantage } = completion;
    const weight = (at: number) =>
      Number.isNaN(ratioAt(at)) ? 1 : ratioAt(at) < 0.5 || ratioAt(at) > 5 ? 0 : ratioAt(at);
    const advantages = completion.tokenIds.map(
      (_, at) => weight(at) * (typeof advantage === "number" ? advantage : advantage[at]!),
    );
    return { ...completion, oldLogProbs: oldOf(completion), advantage: advantages };
  });
  const [ours, wanted] = [await gradients(sampled, grpo({ correction: icePop() })), await gradients(weighed, grpo())];
  expect(ours.metrics.loss).toBeCloseTo(wanted.metrics.loss!, 5);
  expect(apart(ours, wanted)).toBeLessThan(1e-5);
  expect(ours.metrics.correction_max).toBeCloseTo(1.5, 5);
});

it("is without effect where the sampler is the policy itself, or gave no log-probs of its own", async () => {
  const own = each(({ oldLogProbs, ...completion }) => completion);
  for (const training of [own, each((completion) => ({ ...completion, oldLogProbs: oldOf(completion) }))]) {
    const [corrected, plain] = [
      await gradients(training, grpo({ correction: icePop() })),
      await gradients(training, grpo()),
    ];
    expect(apart(corrected, plain)).toBe(0);
    expect(corrected.metrics.correction_effective_sample_size).toBeCloseTo(1, 6);
  }
});

it("tells the extremes and sample sizes of a batch in pieces as those of one run", async () => {
  const loss = grpo({ correction: icePop() });
  const [whole, pieces] = [await gradients(batch, loss), await gradients(batch, loss, 40)];
  expect(pieces.pieces).toBeGreaterThan(1);
  for (const name of ["ratio_max", "ratio_min", "correction_max", "ratio_effective_sample_size"])
    expect(pieces.metrics[name]).toBeCloseTo(whole.metrics[name]!, 5);
});

it("learns from the tokens of most entropy alone where asked to", async () => {
  const { metrics } = await gradients(batch, grpo({ topEntropyShare: 0.2, entropyBonus: 0.01 }));
  expect(metrics.top_entropy_fraction).toBeGreaterThanOrEqual(0.2);
  expect(metrics.top_entropy_fraction).toBeLessThan(0.3);
  expect(Number.isFinite(metrics.loss)).toBe(true);
});
