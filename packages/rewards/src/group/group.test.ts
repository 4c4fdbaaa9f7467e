import { type Reward, type Scorable, toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completion, completionText, values } from "../../test/completions.js";
import { scoreVerdict } from "../parse/verdicts/scoreVerdict.js";
import {
  dimensionAccuracy,
  gapAndDirection,
  lastPreference,
  orderFlipConsistency,
  perGroup,
  positionConsistency,
  reasoningConsistency,
  selfConsistency,
} from "./index.js";

const asked = <Reference>(id: string, text: string, reference: Reference): Scorable<Reference> => ({
  prompt: { id, messages: [] },
  completion: completion(text),
  reference,
});

const answers = (id: string, ...said: readonly string[]) =>
  said.map((each) => asked(id, each === "" ? "nothing" : `<answer>${each}</answer>`, {}));

describe("perGroup", () => {
  it("shows each run of one prompt to the function, and fails groups one by one", async () => {
    const sizes = perGroup("sizes", (group) => {
      if (group.length === 3) throw new Error("three");
      return group.length === 1 ? [] : group.map(() => group.length);
    });
    const batch = ["a", "a", "b", "b", "b", "a", "c", "c"].map((id) => asked(id, "", {}));
    const marks = await toPromise(sizes.marks!(batch));
    expect(marks.map(({ value }) => value)).toEqual([2, 2, null, null, null, null, 2, 2]);
    expect(marks[2]!.failure).toBe("the function threw: three");
    expect(marks[5]!.failure).toBe("given 0 values for a group of 1");
  });
});

describe("selfConsistency", () => {
  it("pays those who say what most say; none where there is no majority", async () => {
    const batch = [...answers("q", "A", "b", "a", ""), ...answers("r", "A", "B"), ...answers("s", "", "")];
    expect(await toPromise(selfConsistency()(batch))).toEqual([1, 0, 1, 0, null, null, null, null]);
  });
});

describe("both orders of a sample", () => {
  const said = (pair: string | undefined, letter: string, swapped: boolean, label?: "A" | "B") =>
    asked(`${pair} ${swapped}`, `<answer>${letter}</answer>`, {
      swapped,
      ...(pair !== undefined && { pair }),
      ...(label && { label }),
    });

  it("agreement is counted over the other order", async () => {
    const batch = [
      said("p", "A", false),
      said("p", "B", true),
      said("p", "A", true),
      said("p", "x", false),
      said("q", "A", false),
    ];
    expect(await toPromise(orderFlipConsistency()(batch))).toEqual([0.5, 0.5, 0, 0, null]);
    expect(await toPromise(orderFlipConsistency()([said(undefined, "A", false)]))).toEqual([null]);
  });

  it("a tie is the same in both orders", async () => {
    expect(await toPromise(orderFlipConsistency()([said("p", "tie", false), said("p", "tie", true)]))).toEqual([1, 1]);
  });

  it("being right has to survive the swap", async () => {
    const batch = [
      said("p", "A", false, "A"),
      said("p", "B", false, "A"),
      said("p", "B", true, "B"),
      said("p", "B", true, "B"),
      said("p", "A", true, "B"),
    ];
    // Here one of two is right in the sample's order: not more than half.
    expect(await toPromise(positionConsistency()(batch))).toEqual([1, 0, 0, 0, 0]);
    expect(await toPromise(positionConsistency()([said("p", "A", false), said("p", "B", true)]))).toEqual([null, null]);
  });

  it("a judge that does not look at the order is wholly consistent, one that always says A not at all", async () => {
    const letter = fc.constantFrom("A", "B") as fc.Arbitrary<"A" | "B">;
    await fc.assert(
      fc.asyncProperty(fc.array(letter, { minLength: 1, maxLength: 6 }), async (labels) => {
        const other = (label: "A" | "B") => (label === "A" ? "B" : "A");
        const batch = labels.flatMap((label, at) => [
          said(`${at}`, label, false, label),
          said(`${at}`, other(label), true, other(label)),
        ]);
        const always = labels.flatMap((label, at) => [
          said(`${at}`, "A", false, label),
          said(`${at}`, "A", true, other(label)),
        ]);
        for (const reward of [orderFlipConsistency(), positionConsistency()]) {
          expect(await toPromise(reward(batch))).toEqual(batch.map(() => 1));
          expect(await toPromise(reward(always))).toEqual(batch.map(() => 0));
        }
      }),
    );
  });
});

describe("reasoningConsistency", () => {
  it.each([
    ["Answer A is better", "A"],
    ["I prefer the response B.", "B"],
    ["so (2) is clearly better than (1)", "B"],
    ["Image 1 is more faithful", "A"],
    ["A is better... but no, B is better", "B"],
    ["A is better. On balance they are equally good.", "tie"],
    ["the winner is 'B'", "B"],
    ["A is good and B is good", null],
    ["", null],
  ])("%s: %s", (text, wanted) => expect(lastPreference(text)).toBe(wanted));

  it("takes no more than its length", () => {
    for (const piece of [" ", "a ", "prefer ", "is more ", "A is "]) lastPreference(piece.repeat(300_000));
  }, 5_000);

  it("compares it with the verdict", async () => {
    const texts = [
      "<think>B is better</think><answer>B</answer>",
      "<think>B is better</think><answer>A</answer>",
      "<think>B is better</think>",
      "<think>hm</think><answer>A</answer>",
      "<answer>A</answer>",
    ];
    expect(await values(reasoningConsistency(), texts, {})).toEqual([1, 0, 0, null, null]);
  });
});

describe("dimensions", () => {
  const dimensions = { Truth: { a: 8, b: 4 }, style: { a: 5, b: 5 } };
  const texts = ["truth: 9 vs 3\nstyle: 5 vs 5", "truth: 3 vs 9\nstyle: 6 vs 5", "truth: 8 vs 4", "?"].map(
    (text) => `<answer>${text}</answer>`,
  );

  it("accuracy by dimension, weighted", async () => {
    expect(await values(dimensionAccuracy(), texts, { dimensions })).toEqual([1, 0, 0.5, 0]);
    expect(await values(dimensionAccuracy({ weights: { Truth: 3 } }), texts, { dimensions })).toEqual([1, 0, 0.75, 0]);
    expect(await values(dimensionAccuracy(), texts.slice(0, 1), {})).toEqual([null]);
    expect(() => dimensionAccuracy({ weights: { Truth: 0 } })).toThrow(/weights/);
  });

  it("gap and direction as RubricRM has them", async () => {
    const given = await values(gapAndDirection({ span: 10 }), texts, { dimensions });
    const wanted = [(0.9 + 1) / 2, (0.5 * 0.1 + 0.95 * 0.6) / 2, 0.5, 0];
    for (const [at, value] of given.entries()) expect(value).toBeCloseTo(wanted[at]!, 12);
  });

  it("stays within 0 and 1", async () => {
    const score = fc.integer({ min: 1, max: 10 });
    await fc.assert(
      fc.asyncProperty(score, score, score, score, async (a, b, c, d) => {
        const text = `<answer>truth: ${a} vs ${b}</answer>`;
        const gold = { dimensions: { truth: { a: c, b: d } } };
        const [value] = await values(gapAndDirection({ scores: scoreVerdict().scores }), [text], gold);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        if (a - b === c - d) expect(value).toBe(1);
      }),
    );
  });
});

it("every one of them has values for every text", async () => {
  const rewards: readonly Reward<object>[] = [
    selfConsistency(),
    orderFlipConsistency(),
    positionConsistency(),
    reasoningConsistency(),
    dimensionAccuracy(),
    gapAndDirection(),
  ];
  const reference = { pair: "p", label: "A" as const, dimensions: { x: { a: 1, b: 2 } } };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...rewards), fc.array(completionText, { maxLength: 5 }), async (reward, texts) => {
      const given = await values(reward, texts, reference);
      expect(given.every((value) => value === null || (value >= 0 && value <= 1))).toBe(true);
    }),
  );
});
