import { tagged, toPromise } from "@msrl/core";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { judged } from "../../test/completions.js";
import { accuracy } from "../verifiable/accuracy.js";
import { format } from "../verifiable/format.js";
import { gatedProduct } from "./gatedProduct.js";
import { perCompletion } from "./perCompletion.js";

/** A part whose values are read from the reference. */
const field = (name: string) =>
  perCompletion(name, (_, reference: Readonly<Record<string, number | null>>) => reference[name] ?? null);

const product = (weights = { g: 2, h: 0, b: 3 }) =>
  gatedProduct({
    result: { reward: field("result") },
    gated: { g: { reward: field("g"), weight: weights.g }, h: { reward: field("h"), weight: weights.h } },
    added: { b: { reward: field("b"), weight: weights.b } },
  });

const score = async (reference: Readonly<Record<string, number | null>>) =>
  (await toPromise(product()([judged("", reference)])))[0]!;

describe("gatedProduct", () => {
  it("is R1-Reward's reward, as its released code pays it", async () => {
    const says = { consistent: 1, inconsistent: -1, unread: 0 } as const;
    const referee = perCompletion("referee", (_, { said }: { said: keyof typeof says }) => says[said]);
    const reward = gatedProduct({
      result: { reward: accuracy() },
      gated: { consistency: { reward: referee, weight: 0.5 } },
      added: { format: { reward: format({ tags: ["think", "answer"] }), weight: 0.5 } },
    });
    const item = (letter: string, said: keyof typeof says) =>
      judged(`<think>x</think><answer>${letter}</answer>`, { label: "A" as const, said });
    const scores = await toPromise(
      reward([item("B", "consistent"), item("A", "inconsistent"), item("A", "unread"), item("A", "consistent")]),
    );
    expect(scores.map(({ value }) => value)).toEqual([0.5, 1, 1.5, 2]);
    expect(scores[1]).toMatchObject({
      parts: { result: 1, consistency: -1, format: 1 },
      reasons: { result: "A is the label" },
    });
  });

  it("equals the naive product, whatever applies", async () => {
    const number = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null });
    const rows = fc.array(fc.record({ result: number, g: number, h: number, b: number }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(rows, async (references) => {
        const scores = await toPromise(product()(references.map((reference) => judged("", reference))));
        for (const [at, { result, g, h, b }] of references.entries()) {
          const gated = result === null ? null : result * (1 + 2 * (g ?? 0));
          const value = gated === null && b === null ? null : (gated ?? 0) + 3 * (b ?? 0);
          expect(scores[at]).toEqual({ value, parts: { result, g, h, b } });
        }
      }),
    );
  });

  it("leaves the product out where the result does not apply", async () => {
    expect(await score({ result: null, g: 1, b: 1 })).toMatchObject({ value: 3 });
    expect(await score({ result: null, g: 1, b: null })).toMatchObject({ value: null, parts: { g: 1 } });
    expect(await score({ result: 4, g: null, b: null })).toMatchObject({ value: 4 });
  });

  it("treats failures as each part wants, and weights by the step", async () => {
    const gone = () => TE.left(tagged("RewardError", "no referee", { reward: "gone" }));
    const reward = gatedProduct({
      result: { reward: field("result") },
      gated: { gone: { reward: gone, weight: (step) => step, onFailure: 0.5 } },
    });
    expect(await toPromise(reward([judged("", { result: 2 })], { step: 3 }))).toEqual([
      { value: 2 * (1 + 3 * 0.5), parts: { result: 2, gone: 0.5 }, failures: { gone: "no referee" } },
    ]);
    const strict = gatedProduct({ result: { reward: gone } });
    expect(await strict([judged("", {})])()).toMatchObject({ left: { message: "no referee" } });
  });

  it("needs nothing but a result", async () => {
    const reward = gatedProduct({ result: { reward: field("result") } });
    expect(await toPromise(reward([judged("", { result: 2 })]))).toEqual([{ value: 2, parts: { result: 2 } }]);
  });

  it("names every option that cannot be", () => {
    const part = { reward: field("a"), weight: Number.NaN };
    expect(() => gatedProduct({ result: part, gated: { a: part }, added: { a: { ...part, weight: 1 } } })).toThrow(
      "gatedProduct: gated.a.weight is NaN, wanted a finite number or a function of the step\n" +
        "gatedProduct: added is a, wanted a name that no other part has",
    );
    expect(() => gatedProduct({ gate: {} } as never)).toThrow(
      /gate is not an option, wanted one of result, gated, added\n.*result is not given, wanted a part: \{ reward \}/,
    );
    expect(() => gatedProduct({ result: {} as never })).toThrow(
      "gatedProduct: result.reward is not given, wanted a reward",
    );
    const odd = { ...part, weight: 1, onFailure: "skip" as "fail" };
    expect(() => gatedProduct({ result: odd, gated: { result: odd } })).toThrow(
      /result\.onFailure is "skip".*\n.*gated\.result\.onFailure.*\n.*gated is result, wanted another name/,
    );
  });
});
