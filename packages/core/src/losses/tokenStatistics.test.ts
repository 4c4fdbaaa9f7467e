import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { naiveStatistics } from "../../test/naiveStatistics.js";
import { testDevice } from "../../test/testDevice.js";
import type { Tagged } from "../errors.js";
import { tokenStatistics, tokenStatisticsTask } from "./tokenStatistics.js";

const { device } = testDevice();
const [rows, width, vocabulary] = [7, 3, 11];
const numbersFrom = (seed: number, count: number) =>
  Float32Array.from({ length: count }, (_, at) => 3 * Math.sin(1.7 * at + 5 * seed));
const states = numbersFrom(1, rows * width);
const head = numbersFrom(2, vocabulary * width);
const targets = Array.from({ length: rows }, (_, n) => (5 * n) % vocabulary);
const upstream = { logProbs: numbersFrom(3, rows), entropy: numbersFrom(4, rows) };

const logits = Float32Array.from({ length: rows * vocabulary }, (_, at) => {
  const [n, v] = [Math.floor(at / vocabulary), at % vocabulary];
  return [0, 1, 2].reduce((sum, h) => sum + states[n * width + h]! * head[v * width + h]!, 0);
});
const naive = targets.map((target, n) =>
  naiveStatistics(Array.from(logits.subarray(n * vocabulary, (n + 1) * vocabulary)), target),
);

/** d loss / d logits. */
const slopes = naive.flatMap(({ slope, bend }, n) =>
  slope.map((value, v) => value * upstream.logProbs[n]! + bend[v]! * upstream.entropy[n]!),
);

const near = (actual: ArrayLike<number> | undefined, wanted: readonly number[]): void => {
  expect(actual?.length).toBe(wanted.length);
  wanted.forEach((value, at) => {
    expect(actual![at]! - value, `${at}`).toBeCloseTo(0, 4);
  });
};

const byStates = Array.from({ length: rows * width }, (_, at) => {
  const [n, h] = [Math.floor(at / width), at % width];
  return head.reduce((sum, w, i) => (i % width === h ? sum + slopes[n * vocabulary + (i - h) / width]! * w : sum), 0);
});
const byHead = Array.from({ length: vocabulary * width }, (_, at) => {
  const [v, h] = [Math.floor(at / width), at % width];
  return targets.reduce((sum, _, n) => sum + slopes[n * vocabulary + v]! * states[n * width + h]!, 0);
});

describe("tokenStatistics", () => {
  it.each([undefined, 1, 3])("gives statistics and gradients of logits, %s rows at a time", async (rowsPerChunk) => {
    const statisticsOf = tokenStatistics({ entropy: true, topK: 1, ...(rowsPerChunk && { rowsPerChunk }) })(
      await device(),
    );
    const { logProbs, entropy, top, gradient } = await statisticsOf({ logits, targets, upstream });
    near(
      logProbs,
      naive.map(({ logProb }) => logProb),
    );
    near(
      entropy,
      naive.map((each) => each.entropy),
    );
    near(gradient?.logits, slopes);
    const best = naive.map((_, n) => {
      const row = Array.from(logits.subarray(n * vocabulary, (n + 1) * vocabulary));
      return row.indexOf(Math.max(...row));
    });
    expect([...top!.ids]).toEqual(best);
  });

  it.each([undefined, 1, 3])("gives them of hidden states and the head, %s rows at a time", async (rowsPerChunk) => {
    const options = { entropy: true, headGradient: true, ...(rowsPerChunk && { rowsPerChunk }) };
    const { logProbs, entropy, gradient } = await tokenStatistics(options)(await device())({
      states,
      head,
      targets,
      upstream,
    });
    near(
      logProbs,
      naive.map(({ logProb }) => logProb),
    );
    near(
      entropy,
      naive.map((each) => each.entropy),
    );
    near(gradient?.states, byStates);
    near(gradient?.head, byHead);
  });

  it("gives the gradient by the states alone, of the log-probs alone", async () => {
    const statisticsOf = tokenStatistics({ rowsPerChunk: 2 })(await device());
    const { gradient } = await statisticsOf({ states, head, targets, upstream: { logProbs: upstream.logProbs } });
    const { gradient: whole } = await tokenStatistics({ headGradient: true })(await device())({
      states,
      head,
      targets,
      upstream: { logProbs: upstream.logProbs },
    });
    near(gradient?.states, Array.from(whole!.states!));
    expect(gradient?.head).toBe(undefined);
  });

  it("leaves out what does not count, whatever it holds", async () => {
    const mask = targets.map((_, n) => n % 2);
    const spoilt = logits.map((z, at) => (mask[Math.floor(at / vocabulary)] ? z : Number.NaN));
    const statisticsOf = tokenStatistics({ entropy: true })(await device());
    const kept = targets.map((id, n) => (mask[n] ? id : -100));
    const { logProbs, gradient } = await statisticsOf({ logits: spoilt, targets: kept, mask, upstream });
    near(
      logProbs,
      naive.map(({ logProb }, n) => (mask[n] ? logProb : 0)),
    );
    near(
      gradient?.logits,
      slopes.map((slope, at) => (mask[Math.floor(at / vocabulary)] ? slope : 0)),
    );
  });

  it("has a result for no tokens", async () => {
    const statisticsOf = tokenStatistics({ entropy: true })(await device());
    const empty = { logProbs: new Float32Array(), entropy: new Float32Array() };
    expect(await statisticsOf({ logits: new Float32Array(), targets: [] })).toEqual(empty);
    expect(await statisticsOf({ states: new Float32Array(), head, targets: [] })).toEqual(empty);
  });

  it("names every array that does not fit", async () => {
    const task = tokenStatisticsTask()(await device());
    const problemsOf = async (arrays: Parameters<typeof task>[0]): Promise<readonly string[]> => {
      const result = await task(arrays)();
      return E.isLeft(result) ? (result.left as Tagged<string>).message.split("\n") : [];
    };
    expect(await problemsOf({ targets: [1], states })).toEqual([
      "tokenStatistics: head: nothing given, logits, or states and head wanted",
    ]);
    expect(
      await problemsOf({ targets: [0, 1], logits: new Float32Array(3), mask: [1], upstream: { entropy: [1, 1] } }),
    ).toEqual([
      "tokenStatistics: logits: 3 numbers given, some for each of 2 targets wanted",
      "tokenStatistics: mask: 1 numbers given, 2 numbers, one a target wanted",
      "tokenStatistics: upstream.entropy: numbers given, nothing where the entropy is not asked for wanted",
    ]);
    expect(await problemsOf({ targets: [3], logits: new Float32Array(3) })).toEqual([
      "tokenStatistics: targets[0]: 3 given, a token below 3 wanted",
    ]);
    expect(() => tokenStatistics({ topK: -1 })).toThrow(/tokenStatistics: topK is -1/);
  });
});
