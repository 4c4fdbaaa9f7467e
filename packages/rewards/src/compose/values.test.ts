import { tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { clamp } from "./clamp.js";
import { mapValue } from "./mapValue.js";
import { maxOf } from "./maxOf.js";
import { minOf } from "./minOf.js";
import { perCompletion } from "./perCompletion.js";
import { total } from "./total.js";
import { weightedSum } from "./weightedSum.js";

const texts = ["", "a", "bb", "ccc"];
const batch = texts.map((text) => judged(text, {}));

const length = perCompletion("length", (text): { value: number | null; reason: string } => {
  if (text === "bb") throw new Error("gone");
  return { value: text.length || null, reason: `${text.length} characters` };
});
const failure = "the function threw: gone";

describe("mapValue", () => {
  it("changes numbers; null, reasons and failures stay", async () => {
    expect(await toPromise(mapValue((value) => 10 * value)(length).marks!(batch))).toEqual([
      { value: null, reason: "0 characters" },
      { value: 10, reason: "1 characters" },
      { value: null, failure },
      { value: 30, reason: "3 characters" },
    ]);
  });

  it("makes a function that throws, or gives no number, a failure of that completion", async () => {
    const change = (value: number) => {
      if (value === 3) throw new Error("three");
      return value / 0;
    };
    expect(await toPromise(mapValue(change)(length).marks!(batch))).toMatchObject([
      { value: null },
      { value: null, failure: "given Infinity, wanted a finite number or null" },
      { failure },
      { failure: "the function threw: three" },
    ]);
  });

  it("takes plain functions, and passes on their error", async () => {
    expect(
      await values(
        mapValue((value) => -value)(() => TE.right([1, null])),
        ["a", "b"],
        {},
      ),
    ).toEqual([-1, null]);
    const gone = () => TE.left(tagged("RewardError", "no server", { reward: "gone" }));
    expect(await mapValue((value) => value)(gone)(batch)()).toMatchObject({ left: { message: "no server" } });
  });
});

describe("clamp", () => {
  it("holds values between its limits and tells of those outside", async () => {
    expect(await toPromise(clamp({ low: 2, high: 2.5 })(length).marks!(batch))).toEqual([
      { value: null, reason: "0 characters" },
      { value: 2, reason: "1 characters; 1 is below 2" },
      { value: null, failure },
      { value: 2.5, reason: "3 characters; 3 is above 2.5" },
    ]);
  });

  it("is 0 to 1 by default, and may have one limit only", async () => {
    const plain = perCompletion("plain", (text) => text.length - 1);
    expect(await values(clamp()(plain), texts, {})).toEqual([0, 0, 1, 1]);
    expect(await values(clamp({ high: Number.POSITIVE_INFINITY })(plain), texts, {})).toEqual([0, 0, 1, 2]);
  });

  it("refuses limits that cannot be", () => {
    expect(() => clamp({ low: Number.NaN })).toThrow("clamp: low is NaN, wanted a number");
    expect(() => clamp({ low: 2 })).toThrow("clamp: low is 2, wanted at most high, 1");
    expect(() => clamp({ least: 2 } as object)).toThrow("clamp: least is not an option, wanted one of low, high");
  });
});

describe("minOf and maxOf", () => {
  const two = perCompletion("two", (text) => (text === "a" ? null : { value: 2, reason: "two" }));

  it("leave null out, are null if none applies, and give the reason of the one that decides", async () => {
    const none = perCompletion("none", () => null);
    const marks = (reward: typeof two) => toPromise(reward.marks!(batch));
    expect(await marks(minOf(none, length, two))).toEqual([
      { value: 2, reason: "two" },
      { value: 1, reason: "1 characters" },
      { value: null, failure },
      { value: 2, reason: "two" },
    ]);
    expect(await marks(maxOf(length, two))).toMatchObject([{ value: 2 }, { value: 1 }, { failure }, { value: 3 }]);
    expect(await values(minOf(none, none), texts, {})).toEqual([null, null, null, null]);
  });

  it("are judged against all that their rewards are", async () => {
    const a = perCompletion("a", (_, { x }: { x: number }) => x);
    const b = perCompletion("b", (_, { y }: { y: number }) => y);
    expect(await values(minOf(a, b), [""], { x: 1, y: 2 })).toEqual([1]);
  });

  it("refuse nothing", () => {
    expect(() => maxOf()).toThrow("maxOf: rewards is empty, wanted at least one reward");
  });
});

describe("total", () => {
  it("makes a score a part of another, its parts the reason", async () => {
    const inner = weightedSum({
      length: { reward: length, weight: 2, onFailure: -1 },
      one: { reward: perCompletion("one", () => 1), weight: 1 },
    });
    expect(await toPromise(total(inner).marks!(batch))).toEqual([
      { value: 1, reason: "length null (0 characters), one 1" },
      { value: 3, reason: "length 1 (1 characters), one 1" },
      { value: -1, reason: `length -1 (failed: ${failure}), one 1` },
      { value: 7, reason: "length 3 (3 characters), one 1" },
    ]);
    const outer = weightedSum({ inner: { reward: total(inner), weight: 10 } });
    expect((await toPromise(outer(batch))).map(({ value }) => value)).toEqual([10, 30, -10, 70]);
  });

  it("passes on an error, and one that is thrown", async () => {
    const strict = weightedSum({ length: { reward: length, weight: 1 } });
    expect(await total(strict)(batch)()).toMatchObject({
      left: { message: `reward length: completion 2 (prompt prompt of bb): ${failure}` },
    });
    const thrower = () => {
      throw new Error("no batch");
    };
    expect(await total(thrower)(batch)()).toMatchObject({ left: { message: "reward total: threw: no batch" } });
  });
});
