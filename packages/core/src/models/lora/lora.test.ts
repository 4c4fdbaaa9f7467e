import { describe, expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import {
  completionOf,
  distance,
  idTokenizer,
  mixedPrompts,
  textConfig,
  visionConfig,
  wordPrompts,
} from "../../../test/tinyDecoder.js";
import { tinyBase, tinyLora, withNoise } from "../../../test/tinyLora.js";
import { toPromise } from "../../errors.js";
import { crossEntropy } from "../../losses/index.js";
import { adamw } from "../../optim/index.js";
import type { TrainingBatch } from "../../policy/index.js";
import { key } from "../../rng.js";
import type { DecoderConfig } from "../decoder/config.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { mergeAdapter } from "./mergeAdapter.js";

const { device } = testDevice();
const optimizer = { transform: adamw({ learningRate: 0.01 }) };

const biased: DecoderConfig = {
  ...textConfig,
  attentionBias: "all",
  mlpBias: true,
  queryKeyNorm: true,
  tiedEmbeddings: true,
  ropeScaling: { type: "linear", factor: 2 },
};

const sequences = wordPrompts.map((prompt, at) => ({
  prompt,
  completions: [completionOf(at, 5), completionOf(at + 9, 3)],
}));
const batch: TrainingBatch = sequences.map(({ prompt, completions }) => ({
  prompt,
  completions: completions.map((tokenIds, at) => ({ tokenIds, advantage: at === 0 ? 1 : 0.5 })),
}));

describe.each([
  ["text", textConfig],
  ["with biases, head norms, a tied head and scaled rotations", biased],
  ["vision", visionConfig],
])("an adapter over a frozen base: %s", (_, config) => {
  const prompts = config.vision ? mixedPrompts : wordPrompts;
  const asked = prompts.map((prompt, at) => ({ prompt, completions: [completionOf(at, 6)] }));

  it.each([
    {},
    { targets: ["q_proj", "v_proj"], rank: 3, alpha: 5 },
    { rankStabilized: true, targets: ["mlp.down_proj"] },
  ])("is the model with the adapter merged into its weights: %o", async (lora) => {
    const policy = tinyLora(config, await device(), lora);
    const state = withNoise(await toPromise(policy.init(key(1))));
    const saved = await toPromise(policy.save(state));
    const merged = mergeAdapter({ base: tinyBase(config), lora, saved });
    const whole = decoderPolicy({ config, base: merged, tokenizer: idTokenizer, device: await device() });
    const [ours, theirs, plain] = await Promise.all([
      toPromise(policy.logProbs(state, asked)),
      toPromise(whole.init(key(0))).then((own) => toPromise(whole.logProbs(own, asked))),
      toPromise(policy.logProbs(policy.reference!, asked)),
    ]);
    for (const [at, [own]] of ours.entries()) {
      expect(distance(own!, theirs[at]![0]!)).toBeLessThan(2e-5); // two float32 sums in another order
      expect(distance(own!, plain[at]![0]!)).toBeGreaterThan(1e-3);
    }
  });

  it("samples from the same distribution that it scores", async () => {
    const policy = tinyLora(config, await device(), { rank: 2 });
    const state = withNoise(await toPromise(policy.init(key(1))));
    const sampling = { samples: 3, temperature: 1, maxTokens: 5 };
    const rollouts = await toPromise(policy.sample(state, prompts, sampling, key(4)));
    const drawn = rollouts.map(({ prompt, completions }) => ({
      prompt,
      completions: completions.map((c) => c.tokenIds),
    }));
    const scored = await toPromise(policy.logProbs(state, drawn));
    for (const [at, { completions }] of rollouts.entries())
      for (const [sample, { logProbs }] of completions.entries())
        expect(distance(scored[at]![sample]!, logProbs)).toBeLessThan(1e-4);
  });
});

describe("a policy with an adapter", () => {
  it("learns, holds and saves its adapter alone", async () => {
    const policy = tinyLora(textConfig, await device());
    const first = await toPromise(policy.init(key(1)));
    let state = first;
    const losses: number[] = [];
    for (let step = 0; step < 8; step++) {
      const updated = await toPromise(policy.update(state, batch, crossEntropy(), optimizer));
      losses.push(updated.metrics.loss!);
      state = updated.state;
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.1);
    expect(Object.keys(state.parameters)).toEqual(["adapter"]);
    const saved = await toPromise(policy.save(state));
    expect(
      Object.keys(saved.tensors).every((name) => /^(base_model\.model\.model\.layers|optimizer\/)/.test(name)),
    ).toBe(true);
    expect(await toPromise(policy.load(saved))).toEqual(state);
    expect(await toPromise(policy.load(saved, { optimizer: false }))).toEqual({ ...state, optimizer: {}, updates: 0 });
  });

  it("is not loaded where it would count otherwise", async () => {
    const [policy, other] = [
      tinyLora(textConfig, await device(), { alpha: 8 }),
      tinyLora(textConfig, await device(), { alpha: 16 }),
    ];
    const saved = await toPromise(policy.save(await toPromise(policy.init(key(1)))));
    await expect(toPromise(other.load(saved, { optimizer: false }))).rejects.toMatchObject({
      _tag: "BadCheckpoint",
      reason: "adapter_scaling (alpha / rank): 2 wanted, 1 given",
    });
  });

  it("has a reference that is not trained, and says so", async () => {
    const policy = tinyLora(textConfig, await device());
    await expect(toPromise(policy.update(policy.reference!, batch, crossEntropy(), optimizer))).rejects.toMatchObject({
      _tag: "PolicyFailed",
      message: expect.stringContaining("frozen"),
    });
    expect(
      decoderPolicy({ config: textConfig, tokenizer: idTokenizer, device: await device() }).reference,
    ).toBeUndefined();
  });

  it("accumulates over pieces what one run gives", async () => {
    const opened = await device();
    const options = {
      config: textConfig,
      base: tinyBase(textConfig),
      tokenizer: idTokenizer,
      device: opened,
      lora: {},
    };
    const [whole, pieces] = [decoderPolicy(options), decoderPolicy({ ...options, tokensPerRun: 40 })];
    const state = withNoise(await toPromise(whole.init(key(1))));
    const [a, b] = [
      await toPromise(whole.update(state, batch, crossEntropy(), optimizer)),
      await toPromise(pieces.update(state, batch, crossEntropy(), optimizer)),
    ];
    expect(distance(a.state.parameters.adapter!, b.state.parameters.adapter!)).toBeLessThan(1e-5);
  });

  it("refuses a base that does not fit, and an adapter without one", async () => {
    const opened = await device();
    const { "model.norm.weight": norm, ...rest } = tinyBase(textConfig);
    const options = { config: textConfig, tokenizer: idTokenizer, device: opened };
    expect(norm).toBeDefined();
    expect(() => decoderPolicy({ ...options, base: rest, lora: {} })).toThrow(
      /model\.norm\.weight.* is not given, wanted float32 \[16\]/,
    );
    expect(() => decoderPolicy({ ...options, lora: {} })).toThrow(/base is not given/);
    const policy = tinyLora(textConfig, opened);
    const saved = await toPromise(policy.save(await toPromise(policy.init(key(1)))));
    expect(() => mergeAdapter({ base: {}, lora: {}, saved })).toThrow(/mergeAdapter: base\["model\.layers\.0/);
  });
});
