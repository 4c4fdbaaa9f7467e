import type { SavedRollout } from "./savedRollout.js";

const isPixels = (value: unknown): boolean =>
  typeof value === "object" && value !== null && (value as { data?: unknown }).data instanceof Uint8Array;

/** Frames without their pictures, and arrays of numbers as JSON has them. */
const plain = (_: string, value: unknown): unknown => {
  if (Array.isArray(value) && value.length > 0 && value.every(isPixels)) return [];
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? Array.from(value as unknown as Iterable<unknown>)
    : value;
};

/**
 * A saved rollout as a line of JSON, without the end of the line: what a run appends to its file of rollouts.
 *
 * Pictures are left out: media keep kind, caption and source, and have no frames. A judge that looks at them needs the
 * prompts of the data again, found by `prompt.id`.
 *
 * @example
 * import { encodeRollout } from "@msrl/core";
 * const score = { value: 1, parts: { accuracy: 1 } };
 * const rollout = { step: 0, prompt: { id: "q1", messages: [] }, completions: [{ text: "A", score }], reference: { label: "A" } };
 * assert.deepStrictEqual(JSON.parse(encodeRollout(rollout)), rollout);
 * @since 0.1.0
 */
export const encodeRollout = ({ step, prompt, completions, reference }: SavedRollout): string =>
  JSON.stringify({ step, prompt, completions, reference }, plain);
