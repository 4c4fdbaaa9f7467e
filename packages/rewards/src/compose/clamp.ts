import type { Reward } from "@msrl/core";
import { checkOptions, type Rule, type Rules } from "@msrl/core/configuration";
import { joined } from "./marks.js";
import { mapMarks } from "./wrapped.js";

/** Settings of {@link clamp}. */
export interface ClampOptions {
  /** Values below it become it; `-Infinity` for no such limit. */
  readonly low: number;
  /** Values above it become it; `Infinity` for no such limit. */
  readonly high: number;
}

/** Defaults of {@link clamp}: 0 to 1. */
export const clampDefaults: ClampOptions = { low: 0, high: 1 };

const limit: Rule = { wanted: "a number", fits: (value) => typeof value === "number" && !Number.isNaN(value) };
const rules: Rules<ClampOptions> = { low: limit, high: limit };

/**
 * A reward with its values held between two limits; the reason tells of a value that was outside.
 *
 *     r' = min(max(r, low), high)
 *
 * `null` stays `null`, failures stay failures. Clamping twice is clamping once.
 *
 * @throws ConfigurationError if a limit is no number, or `low` is above `high`.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { clamp, perCompletion } from "@msrl/rewards";
 * const length = perCompletion("length", (text) => text.length);
 * const completion = { text: "four", tokenIds: [], logProbs: [], truncated: false };
 * const batch = [{ prompt: { id: "q1", messages: [] }, completion, reference: {} }];
 * assert.deepStrictEqual(await toPromise(clamp({ high: 3 })(length)(batch)), [3]);
 * @since 0.1.0
 */
export const clamp = (options: Partial<ClampOptions> = {}) => {
  const { low, high } = checkOptions("clamp", rules, clampDefaults, options, (given) =>
    given.low <= given.high ? [] : [{ field: "low", given: String(given.low), wanted: `at most high, ${given.high}` }],
  );
  return <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    mapMarks("clamp", reward, (mark) => {
      if (mark.value === null || (mark.value >= low && mark.value <= high)) return mark;
      const [value, side] = mark.value < low ? [low, "below"] : [high, "above"];
      const told = joined(mark.reason, `${mark.value} is ${side} ${value}`);
      return { ...mark, value, ...(told !== undefined && { reason: told }) };
    });
};
