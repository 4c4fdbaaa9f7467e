import type { PreferenceSample } from "@msrl/core";

/**
 * The same sample with A and B exchanged: the answers change places, and so does the label where there is one.
 *
 * Twice is not at all. Rendered, it is the prompt of those candidates that see the answers the other way round.
 *
 * @example
 * import { swapSample } from "@msrl/distill";
 * const sample = { id: "s1", task: "text", query: "?", context: [], responses: ["yes", "no"], label: "A" } as const;
 * const { responses, label } = swapSample(sample);
 * assert.deepStrictEqual([responses, label], [["no", "yes"], "B"]);
 * @since 0.1.0
 */
export const swapSample = (sample: PreferenceSample): PreferenceSample => {
  const [a, b] = sample.responses;
  const { label } = sample;
  return { ...sample, responses: [b, a], ...(label === undefined ? {} : { label: label === "A" ? "B" : "A" }) };
};
