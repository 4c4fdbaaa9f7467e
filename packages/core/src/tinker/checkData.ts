import type { EngineArray, EngineChunk, EngineDatum } from "./client.js";

/** Positions that chunks take in a sequence, undefined where only the engine knows. */
export const lengthOf = (chunks: readonly EngineChunk[]): number | undefined =>
  chunks.reduce<number | undefined>((sum, chunk) => {
    const more = chunk.type === "text" ? chunk.tokens.length : chunk.expectedTokens;
    return sum === undefined || more === undefined ? undefined : sum + more;
  }, 0);

const isToken = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

/** What is wrong with the pieces of a prompt, or undefined. */
export const chunksProblem = (chunks: readonly EngineChunk[]): string | undefined => {
  for (const [at, chunk] of chunks.entries()) {
    if (chunk.type !== "text") continue;
    const odd = Array.from(chunk.tokens).findIndex((token) => !isToken(token));
    if (odd >= 0) return `chunk ${at}, token ${odd} is ${chunk.tokens[odd]}, wanted a token id`;
  }
  return lengthOf(chunks) === 0 ? "there is no token in it" : undefined;
};

const arrayProblem = (name: string, array: EngineArray, wanted: number): string | undefined => {
  if (array.length !== wanted) return `${name} has ${array.length} numbers, wanted ${wanted}, one a position`;
  if (array instanceof Int32Array) return undefined;
  const odd = array.findIndex((value) => !Number.isFinite(value));
  return odd < 0 ? undefined : `${name}[${odd}] is ${array[odd]}, wanted a finite number`;
};

const datumProblem = ({ input, inputs }: EngineDatum): string | undefined => {
  const chunks = chunksProblem(input);
  if (chunks !== undefined) return chunks;
  const named = Object.entries(inputs);
  const length = lengthOf(input) ?? named[0]?.[1].length ?? 0;
  return named.map(([name, array]) => arrayProblem(name, array, length)).find((problem) => problem !== undefined);
};

/**
 * What is wrong with a batch, naming the datum, or undefined.
 *
 * An engine may take a number that is not finite and break every model on it, and may fill up an array that is too short.
 *
 * @example
 * import { dataProblem } from "@msrl/core/tinker";
 * const input = [{ type: "text" as const, tokens: [1, 2] }];
 * const problem = dataProblem([{ input, inputs: { weights: Float32Array.of(1, Number.NaN) } }]);
 * assert.deepStrictEqual(problem, "datum 0: weights[1] is NaN, wanted a finite number");
 * @since 0.1.0
 */
export const dataProblem = (data: readonly EngineDatum[]): string | undefined => {
  if (data.length === 0) return "there is no datum";
  for (const [at, datum] of data.entries()) {
    const problem = datumProblem(datum);
    if (problem !== undefined) return `datum ${at}: ${problem}`;
  }
  return undefined;
};

/** What is wrong with named numbers, or undefined. */
export const numbersProblem = (numbers: Readonly<Record<string, number>>): string | undefined => {
  const odd = Object.entries(numbers).find(([, value]) => !Number.isFinite(value));
  return odd && `${odd[0]} is ${odd[1]}, wanted a finite number`;
};
