import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingBatch } from "../../policy/policy.js";
import { type EncodedGroup, shapeFor } from "../prompts/pack.js";
import { piecesOf } from "./accumulate.js";

const groupOf = (prompt: number, lengths: readonly number[], id: number): EncodedGroup => ({
  prompt: { id: String(id), ids: Array.from({ length: prompt }, () => 3), patches: { values: [], places: [] } },
  completions: lengths.map((length) => Array.from({ length }, () => 3)),
});

const batchOf = (groups: readonly EncodedGroup[]): TrainingBatch =>
  groups.map(({ prompt, completions }) => ({
    prompt: { id: prompt.id, messages: [] },
    completions: completions.map((tokenIds) => ({ tokenIds, advantage: 1 })),
  }));

const paddedTokens = (groups: readonly EncodedGroup[]): number => {
  const { samples, prefix, steps } = shapeFor(groups);
  return groups.length * (prefix + samples * steps);
};

const size = fc.integer({ min: 1, max: 40 });
const someGroups = fc
  .array(fc.tuple(size, fc.array(size, { minLength: 1, maxLength: 4 })), { minLength: 1, maxLength: 30 })
  .map((sizes) => sizes.map(([prompt, lengths], at) => groupOf(prompt, lengths, at)));

const pieces = (groups: readonly EncodedGroup[], limit: number) => piecesOf(groups, batchOf(groups), limit);

describe("piecesOf", () => {
  it("has every group exactly once, with what is to be learned from it", () => {
    fc.assert(
      fc.property(someGroups, fc.integer({ min: 1, max: 2000 }), (groups, limit) => {
        const cut = pieces(groups, limit);
        const ids = cut.flatMap((piece) => piece.groups.map(({ prompt }) => Number(prompt.id)));
        expect([...ids].sort((a, b) => a - b)).toEqual(groups.map((_, at) => at));
        for (const piece of cut) {
          expect(piece.groups.length).toBeGreaterThan(0);
          expect(piece.batch.map(({ prompt }) => prompt.id)).toEqual(piece.groups.map(({ prompt }) => prompt.id));
        }
      }),
    );
  });

  it("has no piece beyond the limit unless one group is alone", () => {
    fc.assert(
      fc.property(someGroups, fc.integer({ min: 1, max: 2000 }), (groups, limit) => {
        for (const piece of pieces(groups, limit))
          expect(piece.groups.length === 1 || paddedTokens(piece.groups) <= limit).toBe(true);
      }),
    );
  });

  it("keeps like groups in one piece, and does not pad short ones to a long one's size", () => {
    const short = Array.from({ length: 12 }, (_, at) => groupOf(5, [6, 7], at));
    expect(pieces(short, 16_384).map(({ groups }) => groups.length)).toEqual([12]);
    const long = groupOf(400, [300, 300], 12);
    expect(pieces([long, ...short], 16_384).map(({ groups }) => groups.length)).toEqual([12, 1]);
  });

  it("costs no more than one piece for all, nor than one for each", () => {
    const cost = (parts: readonly (readonly EncodedGroup[])[]) =>
      parts.reduce((sum, part) => sum + paddedTokens(part) + 512, 0);
    fc.assert(
      fc.property(someGroups, (groups) => {
        const chosen = cost(pieces(groups, Number.POSITIVE_INFINITY).map((piece) => piece.groups));
        expect(chosen).toBeLessThanOrEqual(cost([groups]));
        expect(chosen).toBeLessThanOrEqual(cost(groups.map((group) => [group])));
      }),
    );
  });

  it("has no piece for no group", () => {
    expect(pieces([], 100)).toEqual([]);
  });

  it("cuts thousands of groups in a moment", () => {
    const groups = Array.from({ length: 3000 }, (_, at) => groupOf(1 + (at % 30), [1 + (at % 7)], at));
    expect(pieces(groups, 16_384).flatMap((piece) => piece.groups).length).toBe(3000);
  });
});
