import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pixels } from "./sample.js";
import { sampleFrames } from "./sampleFrames.js";

const grey = (value: number, width = 1): Pixels => ({
  width,
  height: 1,
  data: new Uint8Array(3 * width).fill(value),
});

const video = fc.array(
  fc.nat(255).map((value) => grey(value)),
  { maxLength: 20 },
);
const rule = fc.constantFrom("uniform" as const, "scenes" as const);

describe("sampleFrames", () => {
  it("takes the middle of equal stretches, or where the picture changes most", () => {
    const frames = Array.from({ length: 10 }, (_, at) => grey(at < 4 ? at : 100 + at));
    expect(sampleFrames({ count: 3 })(frames)).toEqual([frames[1], frames[5], frames[8]]);
    expect(sampleFrames({ count: 2, by: "scenes" })(frames)).toEqual([frames[0], frames[4]]);
  });

  it("sees a change of size as a new scene", () => {
    const frames = [grey(0), grey(250), grey(250, 2), grey(250, 2)];
    expect(sampleFrames({ count: 2, by: "scenes" })(frames)).toEqual([frames[0], frames[2]]);
  });

  it("gives min(count, n) frames of the video, in time's order", () => {
    fc.assert(
      fc.property(video, fc.integer({ min: 1, max: 25 }), rule, (frames, count, by) => {
        const places = sampleFrames({ count, by })(frames).map((frame) => frames.indexOf(frame));
        expect(places.length).toBe(Math.min(count, frames.length));
        expect(places.every((place, at) => at === 0 || place > places[at - 1]!)).toBe(true);
      }),
    );
  });

  it("by scenes leaves out no frame that changes more than one it takes", () => {
    fc.assert(
      fc.property(video, fc.integer({ min: 2, max: 6 }), (frames, count) => {
        const chosen = new Set(sampleFrames({ count, by: "scenes" })(frames));
        const by = (at: number) => Math.abs(frames[at]!.data[0]! - frames[at - 1]!.data[0]!);
        const all = frames.map((_, at) => at).slice(1);
        const taken = all.filter((at) => chosen.has(frames[at]!)).map(by);
        const left = all.filter((at) => !chosen.has(frames[at]!)).map(by);
        expect(Math.max(0, ...left)).toBeLessThanOrEqual(Math.min(255, ...taken));
      }),
    );
  });

  it("refuses options that cannot be", () => {
    expect(() => sampleFrames({ count: 0, by: "luck" as "scenes" })).toThrow(/count[\s\S]*by/);
  });
});
