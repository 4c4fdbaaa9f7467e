import { describe, expect, it } from "vitest";
import { naiveDistributions } from "../../../test/naiveDecoder.js";
import { numbers, testDevice } from "../../../test/testDevice.js";
import {
  visionConfig as config,
  distance,
  encoded,
  idTokenizer,
  mixedPrompts,
  naiveWeights,
  completionOf as someTokens,
  tinyState,
} from "../../../test/tinyDecoder.js";
import { toPromise } from "../../errors.js";
import type { Sequences, TopOptions } from "../../policy/policy.js";
import { batchInputs, groupsRead } from "../decoder/forward.js";
import { parameterInputs } from "../decoder/parameters.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { packBatch, shapeFor } from "../prompts/pack.js";
import { groupTensors } from "../state.js";
import { topTokens } from "./topTokens.js";

const { device, evaluate } = testDevice();
const state = tinyState(config, 4);
const size = config.vocabularySize;

/** Two completions a prompt, of several lengths. */
const sequences: readonly Sequences[] = mixedPrompts.map((prompt, at) => ({
  prompt,
  completions: [someTokens(at, 1 + at), someTokens(at + 20, 9 - at)],
}));

/** The likeliest tokens of a completion by the naive decoder, one list a token. */
const naiveTop = ({ prompt }: Sequences, ids: readonly number[], { topK, temperature = 1 }: TopOptions) =>
  naiveDistributions(config, naiveWeights(config, state), encoded(config, prompt), ids).map((logP) => {
    const scaled = logP.map((x) => x / temperature);
    const rest = Math.log(scaled.reduce((sum, x) => sum + Math.exp(x), 0));
    return scaled
      .map((x, id) => ({ id, logProb: x - rest }))
      .sort((a, b) => b.logProb - a.logProb)
      .slice(0, topK);
  });

describe("topLogProbs of a decoder", () => {
  it.each([{ topK: 1 }, { topK: 3, temperature: 2 }, { topK: size }, { topK: 10 * size, temperature: 0.5 }])(
    "is the head of the naive distribution: %o",
    async (asked) => {
      const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), rowsPerRun: 5 });
      const told = await toPromise(policy.topLogProbs!(state, sequences, asked));
      const count = Math.min(asked.topK, size);
      sequences.forEach((group, g) => {
        group.completions.forEach((ids, c) => {
          const { count: found, ids: top, logProbs } = told[g]![c]!;
          const wanted = naiveTop(group, ids, asked).flat();
          expect([found, top.length, logProbs.length]).toEqual([count, ids.length * count, ids.length * count]);
          expect([...top]).toEqual(wanted.map(({ id }) => id));
          const off = distance(
            logProbs,
            wanted.map(({ logProb }) => logProb),
          );
          expect(off).toBeLessThan(2e-5);
        });
      });
    },
  );

  it("tells of all tokens what logProbs tells of the given ones, to the bit", async () => {
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device() });
    const told = await toPromise(policy.topLogProbs!(state, sequences, { topK: size }));
    const scored = await toPromise(policy.logProbs(state, sequences));
    sequences.forEach(({ completions }, g) => {
      completions.forEach((ids, c) => {
        const { ids: top, logProbs } = told[g]![c]!;
        ids.forEach((id, at) => {
          expect(logProbs[top.indexOf(id, at * size)]).toBe(scored[g]![c]![at]);
        });
      });
    });
  });

  it("refuses what cannot be asked", async () => {
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), name: "sage" });
    const refusal = async (asked: TopOptions, given = sequences) =>
      policy.topLogProbs!(state, given, asked)().then((result) => (result._tag === "Left" ? result.left.message : ""));
    for (const topK of [0, -1, 1.5, Number.NaN])
      expect(await refusal({ topK })).toBe(
        `policy sage: topLogProbs: topK is ${topK}; a whole number of at least 1 wanted`,
      );
    expect(await refusal({ topK: 1, temperature: 0 })).toMatch(/temperature is 0; a number above 0/);
    expect(await refusal({ topK: 1 }, [{ ...sequences[0]!, completions: [[size]] }])).toMatch(/token 23 given/);
  });
});

describe("topTokens", () => {
  it("of a large vocabulary are those of a small one, a chunk of tokens at a time", async () => {
    const groups = sequences.map(({ prompt, completions }) => ({ prompt: encoded(config, prompt), completions }));
    const shape = shapeFor(groups);
    const { named } = parameterInputs(config, groupsRead(shape));
    const settings = { topK: 4, temperature: 1.5 };
    const of = (wholeUpTo: number) => topTokens(config, named, shape, batchInputs(config, shape), settings, wholeUpTo);
    const [whole, chunked] = [of(size), of(0)];
    const feeds = { ...groupTensors(state), ...packBatch(config, shape, groups) };
    const outputs = { ids: whole.ids, logProbs: whole.logProbs, chunkIds: chunked.ids, chunk: chunked.logProbs };
    const found = await evaluate(outputs, feeds);
    expect(found.chunk!.shape).toEqual([groups.length * shape.samples, shape.steps, 4]);
    expect(numbers(found.chunkIds)).toEqual(numbers(found.ids));
    expect(distance(numbers(found.chunk), numbers(found.logProbs))).toBeLessThan(2e-5);
  });
});
