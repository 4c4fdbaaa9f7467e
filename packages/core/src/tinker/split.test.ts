import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineDatum } from "./client.js";
import { datumBytes, joinOutputs, splitBatch } from "./split.js";

const datum = (length: number): EngineDatum => ({
  input: [{ type: "text", tokens: new Int32Array(length) }],
  inputs: { target_tokens: new Int32Array(length), weights: new Float32Array(length) },
});

describe("splitBatch", () => {
  it("keeps every sequence in its order, within both bounds, and never splits more than needed", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 600 }),
        (list, batch, batchBytes) => {
          const data = list.map(datum);
          const parts = splitBatch(data, { batch, batchBytes });
          expect(parts.flat()).toEqual(data);
          const bytesOf = (part: readonly EngineDatum[]) => part.reduce((sum, one) => sum + datumBytes(one), 0);
          for (const [at, part] of parts.entries()) {
            expect(part.length).toBeGreaterThan(0);
            expect(part.length === 1 || (part.length <= batch && bytesOf(part) <= batchBytes)).toBe(true);
            const next = parts[at + 1]?.[0];
            if (next) expect(part.length === batch || bytesOf([...part, next]) > batchBytes).toBe(true);
          }
        },
      ),
    );
  });
});

describe("joinOutputs", () => {
  it("joins metrics by the end of their names", () => {
    const part = (count: number, metrics: Record<string, number>) => ({
      logProbs: Array.from({ length: count }, () => new Float32Array(1)),
      metrics,
    });
    const first = part(1, { "a:sum": 1, "b:mean": 1, "c:max": 1, "d:min": 1, e: 1, only: 0 });
    const second = part(3, { "a:sum": 2, "b:mean": 5, "c:max": 2, "d:min": 2, e: 2 });
    const { logProbs, metrics } = joinOutputs([first, second]);
    expect(logProbs).toHaveLength(4);
    expect(metrics).toEqual({ "a:sum": 3, "b:mean": 4, "c:max": 2, "d:min": 1, e: 2 });
  });
});
