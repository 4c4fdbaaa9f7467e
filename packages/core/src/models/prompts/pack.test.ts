import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoded, mixedPrompts, textConfig, visionConfig } from "../../../test/tinyDecoder.js";
import { type EncodedGroup, packBatch, shapeFor } from "./pack.js";

const group = (prompt: number, lengths: readonly number[], patches = 0): EncodedGroup => ({
  prompt: {
    id: "p",
    ids: Array.from({ length: prompt }, (_, at) => at % 20),
    patches: {
      values: Array.from({ length: patches }, () => new Float32Array(12)),
      places: Array.from({ length: patches }, () => 0),
    },
  },
  completions: lengths.map((length) => Array.from({ length }, () => 3)),
});

describe("shapeFor", () => {
  it("rounds sizes up to eights; a prompt's last token is a step, so it needs no place before", () => {
    expect(shapeFor([group(1, [1])])).toEqual({ samples: 1, prefix: 8, steps: 8, patches: 0 });
    expect(shapeFor([group(9, [8, 3])])).toEqual({ samples: 2, prefix: 8, steps: 8, patches: 0 });
    expect(shapeFor([group(10, [9], 8), group(2, [1, 1, 1], 9)])).toEqual({
      samples: 3,
      prefix: 16,
      steps: 16,
      patches: 16,
    });
    expect(shapeFor([group(3, [])], 5)).toEqual({ samples: 5, prefix: 8, steps: 8, patches: 0 });
  });

  it("holds every group, and is what the largest of each kind needs", () => {
    const size = fc.integer({ min: 1, max: 40 });
    const groups = fc.array(fc.tuple(size, fc.array(size, { minLength: 1, maxLength: 4 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(groups, (sizes) => {
        const each = sizes.map(([prompt, lengths]) => shapeFor([group(prompt, lengths)]));
        const whole = shapeFor(sizes.map(([prompt, lengths]) => group(prompt, lengths)));
        for (const axis of ["samples", "prefix", "steps"] as const)
          expect(whole[axis]).toBe(Math.max(...each.map((shape) => shape[axis])));
      }),
    );
  });
});

describe("packBatch", () => {
  it("puts the last prompt token first of each completion, and what follows behind it", () => {
    const { prompt } = { prompt: encoded(textConfig, mixedPrompts[1]!) };
    const groups = [{ prompt, completions: [[7, 8, 2], [9]] }];
    const packed = packBatch(textConfig, { samples: 3, prefix: 8, steps: 4, patches: 0 }, groups);
    const numbers = (name: string) => Array.from(packed[name]!.data as Int32Array);
    expect(numbers("prefix_ids")).toEqual([5, 9, 3, 3, 0, 0, 0, 0]);
    expect(numbers("prefix_mask")).toEqual([0, 0, 0, 0, -1e9, -1e9, -1e9, -1e9]);
    expect(numbers("prefix_positions")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(numbers("step_ids")).toEqual([12, 7, 8, 2, 12, 9, 0, 0, 12, 0, 0, 0]);
    expect(numbers("step_positions")).toEqual([4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7]);
    expect(numbers("targets")).toEqual([7, 8, 2, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    expect(packed.patches).toBeUndefined();
  });

  it("says of each prompt token which patch it stands for", () => {
    const groups = [4, 0].map((at) => ({ prompt: encoded(visionConfig, mixedPrompts[at]!), completions: [] }));
    const packed = packBatch(visionConfig, shapeFor(groups), groups);
    expect(packed.prefix_patches!.shape).toEqual([2, 8, 1]);
    const none = [-1, -1, -1, -1, -1];
    expect(Array.from(packed.prefix_patches!.data as Int32Array)).toEqual([0, 1, 2, ...none, -1, -1, -1, ...none]);
    expect(packed.patches!.shape).toEqual([2, 8, 12]);
    expect(Array.from(packed.places!.data as Int32Array).slice(0, 4)).toEqual([4, 5, 6, 0]);
  });

  it("keeps padding within the table of positions", () => {
    const config = { ...textConfig, contextLength: 6 };
    const groups = [{ prompt: encoded(config, mixedPrompts[1]!), completions: [[2]] }];
    const packed = packBatch(config, shapeFor(groups), groups);
    for (const name of ["prefix_positions", "step_positions"])
      expect(Math.max(...(packed[name]!.data as Int32Array))).toBe(5);
  });
});
