import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { naiveDistributions, naiveLogSoftmax } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import {
  distance,
  encoded,
  idTokenizer,
  mixedPrompts,
  naiveWeights,
  textConfig,
  tinyState,
  visionConfig,
  wordPrompts,
} from "../../../test/tinyDecoder.js";
import type { Prompt, Rollout } from "../../data/index.js";
import { toPromise } from "../../errors.js";
import type { Sampling } from "../../policy/policy.js";
import { key } from "../../rng.js";
import type { Device, Kernel } from "../../session/index.js";
import type { Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { decoderPolicy } from "../decoderPolicy.js";

const { device } = testDevice();

const policyOf = async (config: DecoderConfig, rowsPerRun = 256) =>
  decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), rowsPerRun });

const sampled = async (
  config: DecoderConfig,
  prompts: readonly Prompt[],
  sampling: Partial<Sampling> = {},
  { seed = 7, rowsPerRun = 256 } = {},
): Promise<readonly Rollout[]> =>
  toPromise(
    (await policyOf(config, rowsPerRun)).sample(
      tinyState(config, 1),
      prompts,
      { samples: 3, temperature: 1, maxTokens: 11, ...sampling },
      key(seed),
    ),
  );

const completionsOf = (rollouts: readonly Rollout[]) => rollouts.flatMap(({ completions }) => completions);
const tokensOf = (rollouts: readonly Rollout[]) => completionsOf(rollouts).map(({ tokenIds }) => tokenIds);
const logProbsOf = (rollouts: readonly Rollout[]) => completionsOf(rollouts).flatMap(({ logProbs }) => logProbs);

/** Two graphs in float32 that add in another order: rounding of 6e-8 a step over log-probs near 5 nats. */
const tolerance = 1e-5;

describe("log-probs of a rollout", () => {
  it.each([
    { config: textConfig, prompts: wordPrompts, samples: 1 },
    { config: textConfig, prompts: wordPrompts.slice(0, 1), samples: 4 },
    { config: visionConfig, prompts: mixedPrompts, samples: 5 },
  ])("equal those of the training forward: $prompts.length prompts, $samples samples", async (one) => {
    const { config, prompts, samples } = one;
    const rollouts = await sampled(config, prompts, { samples, maxTokens: 19 });
    expect(completionsOf(rollouts).length).toBe(prompts.length * samples);
    const scored = await toPromise(
      (await policyOf(config)).logProbs(
        tinyState(config, 1),
        rollouts.map(({ prompt, completions }) => ({ prompt, completions: completions.map((each) => each.tokenIds) })),
      ),
    );
    const wanted = scored.flat().flatMap((row) => [...row]);
    expect(distance(logProbsOf(rollouts), wanted)).toBeLessThan(tolerance);
  });

  it("are those of the distribution drawn from, where the temperature is not 1", async () => {
    const [rollout] = await sampled(textConfig, wordPrompts.slice(1), { temperature: 0.5, samples: 2 });
    const weights = naiveWeights(textConfig, tinyState(textConfig, 1));
    for (const { tokenIds, logProbs } of rollout!.completions) {
      const rows = naiveDistributions(textConfig, weights, encoded(textConfig, rollout!.prompt), tokenIds);
      const wanted = tokenIds.map((id, at) => naiveLogSoftmax(rows[at]!.map((logP) => logP / 0.5))[id]!);
      expect(distance(logProbs, wanted)).toBeLessThan(tolerance);
    }
  });
});

describe("completions of a rollout", () => {
  it("are the same for the same key, others for another", async () => {
    const first = await sampled(visionConfig, mixedPrompts);
    expect(await sampled(visionConfig, mixedPrompts)).toEqual(first);
    expect(tokensOf(await sampled(visionConfig, mixedPrompts, {}, { seed: 8 }))).not.toEqual(tokensOf(first));
    expect(new Set(tokensOf(first).map(String)).size).toBeGreaterThan(15);
  });

  it("do not depend on how prompts are cut into runs, nor on the other prompts", async () => {
    const together = await sampled(visionConfig, mixedPrompts);
    for (const rowsPerRun of [1, 7]) {
      const apart = await sampled(visionConfig, mixedPrompts, {}, { rowsPerRun });
      expect(tokensOf(apart)).toEqual(tokensOf(together));
      expect(distance(logProbsOf(apart), logProbsOf(together))).toBeLessThan(tolerance);
    }
    const others = [...mixedPrompts.slice(0, 3), ...wordPrompts.slice(1)];
    expect(tokensOf(await sampled(visionConfig, others)).slice(0, 9)).toEqual(tokensOf(together).slice(0, 9));
    const more = await sampled(visionConfig, mixedPrompts, { samples: 4 });
    expect(tokensOf(more).filter((_, at) => at % 4 < 3)).toEqual(tokensOf(together));
    const shorter = await sampled(visionConfig, mixedPrompts, { maxTokens: 2 });
    expect(tokensOf(shorter)).toEqual(tokensOf(together).map((ids) => ids.slice(0, 2)));
  });

  it("at temperature 0 are the likeliest tokens of the naive decoder", async () => {
    const rollouts = await sampled(visionConfig, mixedPrompts, { samples: 2, temperature: 0 });
    const weights = naiveWeights(visionConfig, tinyState(visionConfig, 1));
    for (const { prompt, completions } of rollouts) {
      expect(completions[1]!.tokenIds).toEqual(completions[0]!.tokenIds);
      const { tokenIds } = completions[0]!;
      const rows = naiveDistributions(visionConfig, weights, encoded(visionConfig, prompt), tokenIds);
      expect(tokenIds).toEqual(rows.map((row) => row.indexOf(Math.max(...row))));
    }
  });

  it("end at the end token, or are truncated; their text leaves it out", async () => {
    const completions = completionsOf(await sampled(textConfig, wordPrompts, { samples: 40 }));
    const { endId } = idTokenizer;
    const ended = completions.filter(({ truncated }) => !truncated);
    expect(ended.length).toBeGreaterThan(20);
    expect(ended.length).toBeLessThan(completions.length);
    for (const { tokenIds, logProbs, text, truncated } of completions) {
      expect(tokenIds.indexOf(endId)).toBe(truncated ? -1 : tokenIds.length - 1);
      expect(truncated ? tokenIds.length : 11).toBe(11);
      expect(logProbs.length).toBe(tokenIds.length);
      expect(text).toBe(tokenIds.filter((id) => id > 2).join(" "));
    }
  });

  it("stop the run where the last of them ends", async () => {
    const opened = await device();
    const turns: number[] = [];
    const watching: Device = {
      ...opened,
      compile: (model) =>
        TE.map((kernel: Kernel) => ({
          model,
          run: (inputs: Tensors) =>
            TE.map((outputs: Tensors) => {
              turns.push(outputs.tokens!.shape[0]!);
              return outputs;
            })(kernel.run(inputs)),
        }))(opened.compile(model)),
    };
    const policy = decoderPolicy({ config: textConfig, tokenizer: idTokenizer, device: watching });
    const sampling = { samples: 1, temperature: 1, maxTokens: 30 };
    const lengths: number[] = [];
    for (let seed = 0; seed < 6; seed++) {
      const drawn = await toPromise(
        policy.sample(tinyState(textConfig, 1), wordPrompts.slice(0, 2), sampling, key(seed)),
      );
      lengths.push(Math.max(...tokensOf(drawn).map((ids) => ids.length)));
    }
    expect(turns).toEqual(lengths);
    expect(Math.min(...turns)).toBeLessThan(30);
  });

  it("fill the context to its last token, and no further", async () => {
    const config = { ...textConfig, contextLength: 14 };
    const policy = await policyOf(config);
    const sampling = { samples: 8, temperature: 1, maxTokens: 4 };
    const state = tinyState(config, 1);
    const [rollout] = await toPromise(policy.sample(state, wordPrompts.slice(2), sampling, key(1)));
    const naive = naiveWeights(config, state);
    for (const { tokenIds, logProbs } of rollout!.completions) {
      const rows = naiveDistributions(config, naive, encoded(config, rollout!.prompt), tokenIds);
      expect(
        distance(
          logProbs,
          rows.map((row, at) => row[tokenIds[at]!]!),
        ),
      ).toBeLessThan(tolerance);
    }
    const beyond = await policy.sample(state, wordPrompts, { ...sampling, maxTokens: 5 }, key(1))();
    expect(beyond).toMatchObject({ left: { _tag: "PromptTooLong", id: "long", tokens: 10, limit: 9 } });
  });

  it("are none for no prompts", async () => {
    expect(await sampled(textConfig, [])).toEqual([]);
  });
});
