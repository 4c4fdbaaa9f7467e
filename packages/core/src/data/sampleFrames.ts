import { checkOptions, oneOf, wholeFrom } from "../configuration.js";
import type { Pixels } from "./sample.js";

/** How frames of a video are chosen. */
export interface SampleFramesOptions {
  /** Frames wanted at most. */
  readonly count: number;
  /** `uniform`: evenly over time; `scenes`: the first, and those that differ most from the one before. */
  readonly by: "uniform" | "scenes";
}

/** Defaults of {@link sampleFrames}. */
export const sampleFramesDefaults: SampleFramesOptions = { count: 8, by: "uniform" };

/** Mean absolute difference of two pictures' bytes; a change of size is the largest there can be. */
const change = (before: Pixels, after: Pixels): number => {
  if (before.width !== after.width || before.height !== after.height) return 255;
  let sum = 0;
  for (let at = 0; at < after.data.length; at++) sum += Math.abs(after.data[at]! - before.data[at]!);
  return sum / Math.max(1, after.data.length);
};

const uniformly = (count: number, of: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => Math.floor(((2 * at + 1) * of) / (2 * count)));

const byScenes = (count: number, frames: readonly Pixels[]): readonly number[] => {
  const changes = frames.slice(1).map((frame, at) => ({ at: at + 1, by: change(frames[at]!, frame) }));
  const largest = changes.sort((a, b) => b.by - a.by || a.at - b.at).slice(0, count - 1);
  return [0, ...largest.map(({ at }) => at)].sort((a, b) => a - b);
};

/**
 * Chooses frames of a video, in time's order; all of them where there are no more than wanted.
 *
 *     uniform: frame floor((i + 1/2) n / count), i = 0 .. count - 1       the middle of each of `count` equal stretches
 *     scenes:  frame 0 and the count - 1 frames with the largest mean |pixel_t - pixel_(t-1)|, earlier ones first
 *
 * The difference is over all bytes, in [0, 255]; a frame of another size than the one before counts as 255.
 *
 * @throws ConfigurationError for a count below 1 or an unknown rule.
 * @example
 * import { sampleFrames } from "@msrl/core";
 * const frames = [0, 0, 0, 200, 200, 90].map((value) => ({ width: 1, height: 1, data: Uint8Array.of(value, value, value) }));
 * const chosen = sampleFrames({ count: 3, by: "scenes" })(frames);
 * assert.deepStrictEqual(chosen.map(({ data }) => data[0]), [0, 200, 90]);
 * @since 0.1.0
 */
export const sampleFrames = (given: Partial<SampleFramesOptions> = {}) => {
  const rules = { count: wholeFrom(1), by: oneOf(["uniform", "scenes"]) };
  const { count, by } = checkOptions<SampleFramesOptions>("sampleFrames", rules, sampleFramesDefaults, given);
  return (frames: readonly Pixels[]): readonly Pixels[] => {
    if (frames.length <= count) return frames;
    const chosen = by === "uniform" ? uniformly(count, frames.length) : byScenes(count, frames);
    return chosen.map((at) => frames[at]!);
  };
};
