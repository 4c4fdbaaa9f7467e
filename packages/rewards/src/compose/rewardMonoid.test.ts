import type { Reward } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { reward, texts } from "../../test/rewards.js";
import { perCompletion } from "./perCompletion.js";
import { rewardMonoid } from "./rewardMonoid.js";

const { concat, empty } = rewardMonoid<unknown>();
const batch = texts.map((text) => judged(text, {}));
const outcome = (one: Reward<unknown>) => one(batch)();
const marks = (one: Reward<unknown>) => one.marks!(batch)();

describe("rewardMonoid", () => {
  it("adds values; null adds nothing", async () => {
    const a = perCompletion("a", (text) => text.length || null);
    const b = perCompletion("b", (text) => (text === "bb" ? null : text === "" ? null : 10));
    expect(await values(concat(a, b), texts, {})).toEqual([null, 11, 2, 13]);
  });

  it("is associative and has a neutral element on both sides", async () => {
    await fc.assert(
      fc.asyncProperty(reward, reward, reward, async (a, b, c) => {
        expect(await marks(concat(a, concat(b, c)))).toEqual(await marks(concat(concat(a, b), c)));
        expect(await marks(concat(empty, a))).toEqual(await marks(a));
        expect(await marks(concat(a, empty))).toEqual(await marks(a));
      }),
    );
  });

  it("refuses rewards that disagree about the number of completions", async () => {
    const result = await outcome(concat(empty, () => TE.right([1])));
    expect(E.isLeft(result) && result.left.message).toBe(
      "reward right of a sum: given 1 values, wanted 4, one a completion",
    );
  });
});
