import { describe, expect, it } from "vitest";
import { naiveDistributions } from "../../../test/naiveDecoder.js";
import { testDevice } from "../../../test/testDevice.js";
import {
  completionOf,
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
import type { Prompt } from "../../data/index.js";
import { toPromise } from "../../errors.js";
import { decoderPolicy } from "../decoderPolicy.js";
import type { DecoderConfig } from "./config.js";

const { device } = testDevice();

/** Float32 against float64: rounding of 6e-8 a step over log-probs near 5 nats, through two layers. */
const tolerance = 1e-5;

/** Completions of several lengths a prompt: none, one, several; one of them beyond a bucket. */
const sequencesOf = (prompts: readonly Prompt[]) =>
  prompts.map((prompt, at) => ({
    prompt,
    completions: Array.from({ length: at % 4 }, (_, sample) =>
      completionOf(10 * at + sample, 1 + ((at + 3 * sample) % 11)),
    ),
  }));

const naive = (config: DecoderConfig, state: ReturnType<typeof tinyState>, prompt: Prompt, ids: readonly number[]) =>
  naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), ids).map(
    (row, at) => row[ids[at]!]!,
  );

const largestError = async (
  config: DecoderConfig,
  prompts: readonly Prompt[],
  rowsPerRun?: number,
): Promise<number> => {
  const state = tinyState(config, 1);
  const policy = decoderPolicy({
    config,
    tokenizer: idTokenizer,
    device: await device(),
    ...(rowsPerRun && { rowsPerRun }),
  });
  const sequences = sequencesOf(prompts);
  const scored = await toPromise(policy.logProbs(state, sequences));
  expect(scored.map((group) => group.map((row) => row.length))).toEqual(
    sequences.map(({ completions }) => completions.map((ids) => ids.length)),
  );
  const wanted = sequences.flatMap(({ prompt, completions }) =>
    completions.flatMap((ids) => naive(config, state, prompt, ids)),
  );
  const error = distance(
    scored.flatMap((group) => group.flatMap((row) => [...row])),
    wanted,
  );
  return error;
};

describe("logProbs of a decoder policy", () => {
  it("equal a naive decoder in float64", async () => {
    expect(await largestError(textConfig, wordPrompts)).toBeLessThan(tolerance);
  });

  it("equal it with pictures and videos among the prompts, and text alone in the same batch", async () => {
    expect(await largestError(visionConfig, mixedPrompts)).toBeLessThan(tolerance);
    expect(await largestError(visionConfig, wordPrompts)).toBeLessThan(tolerance);
  });

  it("equal it whatever shares a run", async () => {
    expect(await largestError(visionConfig, mixedPrompts, 1)).toBeLessThan(tolerance);
    expect(await largestError(visionConfig, [...mixedPrompts].reverse(), 7)).toBeLessThan(tolerance);
  });

  it.each([
    { heads: 3, keyValueHeads: 1, headSize: 4, layers: 1 },
    { heads: 2, keyValueHeads: 2, headSize: 8, layers: 3 },
  ])("equal it with heads shared by all and by none: %o", async (shape) => {
    expect(await largestError({ ...textConfig, ...shape }, wordPrompts)).toBeLessThan(tolerance);
  });

  it("equal it up to the last position of the context", async () => {
    const config = { ...textConfig, contextLength: 17 };
    const state = tinyState(config, 2);
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
    const [prompt, ids] = [wordPrompts[2]!, completionOf(3, 7)];
    const [[row]] = (await toPromise(policy.logProbs(state, [{ prompt, completions: [ids] }]))) as [[Float32Array]];
    expect(distance(row, naive(config, state, prompt, ids))).toBeLessThan(tolerance);
    const beyond = await policy.logProbs(state, [{ prompt, completions: [ids, completionOf(4, 8)] }])();
    expect(beyond).toMatchObject({ left: { _tag: "PromptTooLong", id: "long", tokens: 10, limit: 9 } });
  });

  it("has nothing to say of no sequences", async () => {
    const policy = decoderPolicy({ config: textConfig, tokenizer: idTokenizer, device: await device() });
    expect(await toPromise(policy.logProbs(tinyState(textConfig, 1), []))).toEqual([]);
  });
});
