import { input, softmax } from "@msrl/core/graph";
import { filterLogits } from "@msrl/core/models";
import type { SamplingFilters } from "@msrl/core/policy";
import { describe, it } from "vitest";
import { drawToken } from "../../packages/core/src/models/sampling/drawToken.js";
import { tensor } from "../../packages/core/src/tensor.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
  readonly order?: readonly string[];
}

const known = ["temperature", "top_k", "top_p", "min_p", "repetition_penalty", "order"];

/** Why a case is none of the filters here; undefined if it is. */
const reason = ({ options }: GoldenCase<Options>): string | undefined => {
  const other = Object.keys(options).find((name) => !known.includes(name));
  return other && `${other}: another processor`;
};

const filtersOf = ({ top_k, top_p, min_p, repetition_penalty }: Options): SamplingFilters => ({
  ...(top_k === undefined ? {} : { topK: top_k }),
  ...(top_p === undefined ? {} : { topP: top_p }),
  ...(min_p === undefined ? {} : { minP: min_p }),
  ...(repetition_penalty === undefined ? {} : { repetitionPenalty: repetition_penalty }),
});

const cases = goldenCases<Options>("sampling");
const isDraw = ({ name }: GoldenCase<Options>): boolean => name === "inverse_cdf";
const applying = cases.filter((one) => reason(one) === undefined);
const { evaluate } = testDevice();

describe("filters of logits equal transformers' processors, alone and in the order of generate()", () => {
  it.each(applying.filter((one) => !isDraw(one)))("$name", async ({ inputs, options, expected, tolerance }) => {
    const [rows, vocabulary] = shapeOf(inputs.scores) as [number, number];
    const [logits, seen] = [input("logits", "float64", [rows, vocabulary]), input("seen", "bool", [rows, vocabulary])];
    const scores = filterLogits(filtersOf(options))({ logits, temperature: options.temperature ?? 1, seen });
    const ids = inputs.input_ids as readonly (readonly number[])[];
    const had = ids.flatMap((row) => Array.from({ length: vocabulary }, (_, id) => (row.includes(id) ? 1 : 0)));
    const results = await evaluate(
      { scores, probs: softmax(scores, -1) },
      {
        logits: float64([rows, vocabulary], flat(inputs.scores)),
        seen: tensor("bool", [rows, vocabulary], Uint8Array.from(had)),
      },
    );
    expectNear(numbers(results.scores), flat(expected.scores), tolerance);
    expectNear(numbers(results.probs), flat(expected.probs), tolerance);
  });
});

describe("drawing by a uniform number", () => {
  it.each(applying.filter(isDraw))("$name", async ({ inputs, expected, tolerance }) => {
    const [rows, vocabulary] = shapeOf(inputs.probs) as [number, number];
    const draws = shapeOf(inputs.u)[1]!;
    const probabilities = input("probs", "float64", [rows, 1, vocabulary]);
    const results = await evaluate(
      { drawn: drawToken(probabilities, input("u", "float64", [rows, draws, 1])) },
      {
        probs: float64([rows, 1, vocabulary], flat(inputs.probs)),
        u: float64([rows, draws, 1], flat(inputs.u)),
      },
    );
    expectNear(numbers(results.drawn), flat(expected.tokens), tolerance);
  });
});

describe("processors that do not apply", () => {
  skipCases(cases, reason);
});
