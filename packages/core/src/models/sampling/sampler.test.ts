import { describe, expect, it } from "vitest";
import { naiveDistributions, naiveLogSoftmax } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import {
  textConfig as config,
  encoded,
  idTokenizer,
  naiveWeights,
  promptOf,
  tinyState,
} from "../../../test/tinyDecoder.js";
import { toPromise } from "../../errors.js";
import type { Sampling } from "../../policy/policy.js";
import { key } from "../../rng.js";
import { decoderPolicy } from "../decoderPolicy.js";

const { device } = testDevice();
const state = tinyState(config, 1);
const prompt = promptOf("first", [5, 9]);

/** First tokens of completions. */
const firstTokens = async (sampling: Partial<Sampling>): Promise<readonly number[]> => {
  const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
  const whole = { samples: 3, temperature: 1, maxTokens: 1, ...sampling };
  const [rollout] = await toPromise(policy.sample(state, [prompt], whole, key(3)));
  return rollout!.completions.map(({ tokenIds }) => tokenIds[0]!);
};

/** The number that chi-square with so many degrees of freedom exceeds once in 1,000 (Wilson and Hilferty, 1931). */
const chiSquareLimit = (freedom: number): number => {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.0902 * Math.sqrt(spread)) ** 3;
};

describe("frequencies of first tokens", () => {
  it.each([1, 0.5])("match the softmax of the naive decoder by chi-square (p > 0.001) at temperature %d", async (T) => {
    const samples = 4000;
    const counts = Array<number>(config.vocabularySize).fill(0);
    for (const id of await firstTokens({ samples, temperature: T })) counts[id]!++;
    const [logP] = naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), [0]);
    const wanted = naiveLogSoftmax(logP!.map((value) => value / T)).map((value) => samples * Math.exp(value));
    // Tokens expected fewer than 5 times are one bin: chi-square's approximation wants as much.
    const common = wanted.flatMap((expected, id) => (expected < 5 ? [] : [{ expected, count: counts[id]! }]));
    const rest = (numbers: readonly number[]) => numbers.reduce((sum, n, id) => sum + (wanted[id]! < 5 ? n : 0), 0);
    const bins = rest(wanted) < 5 ? common : [...common, { expected: rest(wanted), count: rest(counts) }];
    const statistic = bins.reduce((sum, { expected, count }) => sum + (count - expected) ** 2 / expected, 0);
    expect(bins.length).toBeGreaterThan(8);
    expect(statistic).toBeLessThan(chiSquareLimit(bins.length - 1));
  });
});

describe("sampling options that cannot be", () => {
  it.each([
    [{ samples: 0 }, "samples: 0 given, a whole number from 1 wanted"],
    [{ maxTokens: 1.5 }, "maxTokens: 1.5 given, a whole number from 1 wanted"],
    [{ temperature: Number.NaN }, "temperature: NaN given, a number from 0 wanted"],
  ])("are named: %o", async (option, problem) => {
    await expect(firstTokens(option)).rejects.toMatchObject({
      _tag: "PolicyFailed",
      message: `policy decoder, sampling.${problem}`,
    });
  });
});
