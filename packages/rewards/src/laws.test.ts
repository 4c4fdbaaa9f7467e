import type { Label, Reward } from "@msrl/core";
import { toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionText, judged, wellFormed } from "../test/completions.js";
import { accuracy } from "./verifiable/accuracy.js";
import { format } from "./verifiable/format.js";
import { taskType } from "./verifiable/taskType.js";

interface Reference {
  readonly label?: Label;
  readonly task: string;
}

const tags = ["type", "caption", "think", "answer"];
const rewards: Record<string, Reward<Reference>> = {
  accuracy: accuracy(),
  format: format({ tags }),
  taskType: taskType(),
};

const reference: fc.Arbitrary<Reference> = fc.record(
  { label: fc.constantFrom<Label>("A", "B"), task: fc.constantFrom("image_understanding", "") },
  { requiredKeys: ["task"] },
);
const text = fc.oneof(completionText, wellFormed(tags), fc.string({ unit: "binary" }));
const batch = fc.array(
  fc.tuple(text, reference).map(([value, against]) => judged(value, against)),
  { maxLength: 8 },
);

describe.each(Object.entries(rewards))("the laws of a reward: %s", (_, reward) => {
  it("is total and stays in its range, on any string", async () => {
    await fc.assert(
      fc.asyncProperty(batch, async (items) => {
        const values = await toPromise(reward(items));
        expect(values.length).toBe(items.length);
        for (const value of values) expect([0, 1, null]).toContain(value);
      }),
    );
  });

  it("moves with the batch: permuted completions get permuted values, each the value it has alone", async () => {
    const permuted = batch.chain((items) =>
      fc.tuple(fc.constant(items), fc.shuffledSubarray([...items.keys()], { minLength: items.length })),
    );
    await fc.assert(
      fc.asyncProperty(permuted, async ([items, order]) => {
        const values = await toPromise(reward(items));
        expect(await toPromise(reward(order.map((at) => items[at]!)))).toEqual(order.map((at) => values[at]));
        for (const [at, item] of items.entries()) expect(await toPromise(reward([item]))).toEqual([values[at]]);
      }),
    );
  });

  it.each(["<", "<answer>", "</type>", "<think></think>", "<answer", "\ud800"])("ends on 4 MB of %j", async (unit) => {
    const long = judged(unit.repeat(Math.floor(2 ** 22 / unit.length)), { label: "A", task: "text" } as const);
    expect(await toPromise(reward([long]))).toEqual([0]);
  });
});
