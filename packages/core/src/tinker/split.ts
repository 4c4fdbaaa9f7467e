import type { EngineDatum, EngineOutput } from "./client.js";

const chunkBytes = (chunk: EngineDatum["input"][number]): number =>
  chunk.type === "text" ? 4 * chunk.tokens.length : chunk.data.length;

/** Bytes of a sequence on the wire, about. */
export const datumBytes = ({ input, inputs }: EngineDatum): number =>
  input.reduce((sum, chunk) => sum + chunkBytes(chunk), 0) +
  Object.values(inputs).reduce((sum, array) => sum + (array instanceof Float32Array ? 4 : 8) * array.length, 0);

/**
 * A batch in parts of at most so many sequences and bytes, in order; a sequence larger than that is a part by itself.
 *
 * @example
 * import { splitBatch } from "@msrl/core/tinker";
 * const datum = { input: [{ type: "text" as const, tokens: [1, 2] }], inputs: {} }; // 8 bytes
 * const parts = splitBatch([datum, datum, datum], { batch: 1024, batchBytes: 16 });
 * assert.deepStrictEqual(parts.map((part) => part.length), [2, 1]);
 * @since 0.1.0
 */
export const splitBatch = (
  data: readonly EngineDatum[],
  { batch, batchBytes }: { readonly batch: number; readonly batchBytes: number },
): readonly (readonly EngineDatum[])[] => {
  const parts: EngineDatum[][] = [];
  let bytes = 0;
  for (const datum of data) {
    const more = datumBytes(datum);
    const part = parts.at(-1);
    if (part && part.length < batch && bytes + more <= batchBytes) {
      part.push(datum);
      bytes += more;
    } else {
      parts.push([datum]);
      bytes = more;
    }
  }
  return parts;
};

const mean = (values: readonly number[], weights: readonly number[]): number => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, at) => sum + (value * weights[at]!) / total, 0);
};

/** A metric of the parts as one, by the end of its name; without a known end the last part's counts. */
const reduced = (name: string, values: readonly number[], weights: readonly number[]): number => {
  if (name.endsWith(":sum")) return values.reduce((sum, value) => sum + value, 0);
  if (name.endsWith(":mean")) return mean(values, weights);
  if (name.endsWith(":max")) return Math.max(...values);
  if (name.endsWith(":min")) return Math.min(...values);
  return values.at(-1)!;
};

/** The answers to the parts of a batch as the answer to the batch. */
export const joinOutputs = (outputs: readonly EngineOutput[]): EngineOutput => {
  if (outputs.length === 1) return outputs[0]!;
  const names = Object.keys(outputs[0]?.metrics ?? {}).filter((name) =>
    outputs.every(({ metrics }) => name in metrics),
  );
  const weights = outputs.map(({ logProbs }) => logProbs.length);
  const metric = (name: string) =>
    reduced(
      name,
      outputs.map(({ metrics }) => metrics[name]!),
      weights,
    );
  return {
    logProbs: outputs.flatMap(({ logProbs }) => logProbs),
    metrics: Object.fromEntries(names.map((name) => [name, metric(name)])),
  };
};
