import { describe, expect, it } from "vitest";
import { naiveDistributions } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import {
  textConfig as config,
  distance,
  encoded,
  idTokenizer,
  naiveWeights,
  promptOf,
  tinyState,
  wordPrompts,
} from "../../../test/tinyDecoder.js";
import { toPromise } from "../../errors.js";
import type { Sampling } from "../../policy/policy.js";
import { key } from "../../rng.js";
import { decoderPolicy } from "../decoderPolicy.js";

const { device } = testDevice();
const state = tinyState(config, 1);
const weights = naiveWeights(config, state);

const sampled = async (sampling: Partial<Sampling>, prompts = wordPrompts) => {
  const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
  return toPromise(policy.sample(state, prompts, { samples: 6, temperature: 1, maxTokens: 9, ...sampling }, key(5)));
};

/** Every token drawn, with the naive decoder's log-probs there and how many tokens were likelier. */
const drawnTokens = async (sampling: Partial<Sampling>) =>
  (await sampled(sampling)).flatMap(({ prompt, completions }) =>
    completions.flatMap(({ tokenIds, logProbs, samplerLogProbs }) =>
      naiveDistributions(config, weights, encoded(config, prompt), tokenIds).map((row, at) => ({
        row,
        token: tokenIds[at]!,
        logProb: logProbs[at]!,
        samplerLogProb: samplerLogProbs![at]!,
        likelier: row.filter((one) => one > row[tokenIds[at]!]!),
      })),
    ),
  );

describe("filtered rollouts", () => {
  it("draw the k likeliest tokens only, all of them, and report log-probs of the whole distribution", async () => {
    const drawn = await drawnTokens({ topK: 3 });
    expect(new Set(drawn.map(({ likelier }) => likelier.length))).toEqual(new Set([0, 1, 2]));
    const wanted = drawn.map(({ row, token }) => row[token]!);
    // Float32 against float64: rounding of 6e-8 a step over log-probs near 5 nats.
    const logProbs = drawn.map(({ logProb }) => logProb);
    expect(distance(logProbs, wanted)).toBeLessThan(1e-5);
    const amongLeft = drawn.map(({ row, token }) => {
      const left = [...row].sort((a, b) => b - a).slice(0, 3);
      return row[token]! - Math.log(left.reduce((sum, one) => sum + Math.exp(one), 0));
    });
    const samplerLogProbs = drawn.map(({ samplerLogProb }) => samplerLogProb);
    expect(distance(samplerLogProbs, amongLeft)).toBeLessThan(1e-5);
  });

  it("draw from the nucleus, and from what is likely enough beside the likeliest", async () => {
    const nucleus = await drawnTokens({ topP: 0.6 });
    const mass = nucleus.map(({ likelier }) => likelier.reduce((sum, one) => sum + Math.exp(one), 0));
    expect(Math.max(...mass)).toBeLessThan(0.6 + 1e-5);
    expect(Math.max(...mass)).toBeGreaterThan(0.4);
    const likely = await drawnTokens({ minP: 0.3 });
    const ratios = likely.map(({ row, token }) => Math.exp(row[token]! - Math.max(...row)));
    expect(Math.min(...ratios)).toBeGreaterThan(0.3 - 1e-5);
    expect(Math.min(...ratios)).toBeLessThan(0.6);
  });

  it("never take a token of the prompt or of their own again, if repetition costs all", async () => {
    const sampling = { temperature: 0, samples: 1, repetitionPenalty: 1e6 };
    for (const { prompt, completions } of await sampled(sampling, [promptOf("two", [5, 9]), promptOf("one", [7])])) {
      const all = [...encoded(config, prompt).ids, ...completions[0]!.tokenIds];
      expect(new Set(all).size).toBe(all.length);
      expect(completions[0]!.tokenIds.length).toBeGreaterThan(3);
    }
    const [plain] = await sampled({ ...sampling, repetitionPenalty: 1 }, [promptOf("two", [5, 9])]);
    const { tokenIds } = plain!.completions[0]!;
    expect(new Set(tokenIds).size).toBeLessThan(tokenIds.length);
  });

  it("with filters that do nothing are those without", async () => {
    const plain = await sampled({});
    expect(await sampled({ topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 })).toEqual(plain);
    // A filter that leaves every token is one: the log-probs among the tokens left are given, and are the same.
    const all = (await sampled({ topK: config.vocabularySize })).flatMap(({ completions }) => completions);
    expect(all.map(({ samplerLogProbs: _, ...others }) => others)).toEqual(
      plain.flatMap(({ completions }) => completions),
    );
    for (const { logProbs, samplerLogProbs } of all) expect(samplerLogProbs).toEqual(logProbs);
  });

  it.each([
    [{ topK: -1 }, "topK: -1 given, a whole number from 0 wanted"],
    [{ topP: 0 }, "topP: 0 given, a number above 0 and at most 1 wanted"],
    [{ minP: 1.5 }, "minP: 1.5 given, a number from 0 to 1 wanted"],
    [{ repetitionPenalty: 0 }, "repetitionPenalty: 0 given, a number above 0 wanted"],
  ])("are refused with options that cannot be: %o", async (option, problem) => {
    await expect(sampled(option)).rejects.toMatchObject({
      _tag: "PolicyFailed",
      message: `policy decoder, sampling.${problem}`,
    });
  });
});
