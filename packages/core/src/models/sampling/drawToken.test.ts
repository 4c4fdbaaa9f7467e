import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../../test/testDevice.js";
import { type Expr, exp, input, logSoftmax } from "../../graph/index.js";
import { fold, type Key, key, normal, uniform } from "../../rng.js";
import { float32 } from "../../tensor.js";
import { drawToken } from "./drawToken.js";

const { evaluate } = testDevice();

const vocabulary = 50;
const rows = 64;
const probabilities = exp(logSoftmax(input("logits", "float32", ["rows", 1, vocabulary])));
const uniformsOf = input("uniforms", "float32", ["rows", 1, 1]);

/** The draw over the whole vocabulary, and in 5 blocks of 10. */
const draws = [vocabulary, 1].map((wholeUpTo) => drawToken(probabilities, uniformsOf, wholeUpTo));

/** Draws for rows of logits; the probabilities are those that the graph saw. */
const draw = async (drawn: Expr, logits: readonly number[], uniforms: readonly number[]) => {
  const results = await evaluate(
    { drawn, probabilities },
    { logits: float32([rows, 1, vocabulary], logits), uniforms: float32([rows, 1, 1], uniforms) },
  );
  const p = numbers(results.probabilities);
  return numbers(results.drawn).map((token, row) => ({ token, p: p.slice(row * vocabulary, (row + 1) * vocabulary) }));
};

const edges = [0, 2 ** -24, 0.5, 1 - 2 ** -24];

/** Logits of which some are all but impossible (exp(-200) is 0 in float32), the first or the last always. */
const someLogits = (from: Key): readonly number[] => {
  const impossible = uniform(fold(from, "impossible"), rows * vocabulary);
  return Array.from(normal(fold(from, "logits"), rows * vocabulary), (logit, at) => {
    const [row, token] = [Math.floor(at / vocabulary), at % vocabulary];
    return token === (row % 2) * (vocabulary - 1) || impossible[at]! < 0.2 ? -200 : 2 * logit;
  });
};

describe.each(["whole", "in blocks"] as const)("drawToken, %s", (way) => {
  const drawn = draws[way === "whole" ? 0 : 1]!;

  it("never draws a token that cannot be, at the ends of the unit interval too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), async (seed) => {
        const random = uniform(fold(key(seed), "uniforms"), rows);
        const uniforms = Array.from(random, (value, row) => edges[row % 8] ?? value);
        for (const { token, p } of await draw(drawn, someLogits(key(seed)), uniforms))
          expect(p[token]).toBeGreaterThan(1e-30);
      }),
      { numRuns: 30 },
    );
  });

  it("inverts the distribution function", async () => {
    const logits = Array.from({ length: rows * vocabulary }, (_, at) => 3 * Math.sin(at ** 1.5));
    const uniforms = Array.from({ length: rows }, (_, row) => (row + 0.5) / rows);
    for (const [row, { token, p }] of (await draw(drawn, logits, uniforms)).entries()) {
      const upTo = p.slice(0, token).reduce((sum, value) => sum + value, 0);
      // Float32 sums of 50 numbers up to 1: 50 roundings of 6e-8 at most.
      expect(upTo).toBeLessThanOrEqual(uniforms[row]! + 3e-6);
      expect(upTo + p[token]!).toBeGreaterThan(uniforms[row]! - 3e-6);
    }
  });
});

it("draws the same tokens in blocks as over the whole, but where a uniform number is at a token's edge", async () => {
  const logits = someLogits(key(7));
  const uniforms = Array.from({ length: rows }, (_, row) => (row + 0.5) / rows);
  const [whole, blocks] = await Promise.all(draws.map((drawn) => draw(drawn, logits, uniforms)));
  expect(blocks).toEqual(whole);
});
