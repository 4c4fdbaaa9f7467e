import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { perCompletion } from "./perCompletion.js";

const failureOf = async (score: (text: string) => number | null) => {
  const result = await perCompletion("mine", score)([judged("ok", {}), judged("odd", {})])();
  return E.isLeft(result) ? result.left : undefined;
};

describe("perCompletion", () => {
  it("gives one value a completion, in order", async () => {
    const reward = perCompletion("length", (text, { least }: { least: number }) =>
      text.length < least ? null : text.length,
    );
    expect(await values(reward, ["a", "abc", ""], { least: 1 })).toEqual([1, 3, null]);
  });

  it("turns an exception into an error that names reward, completion and cause", async () => {
    const error = await failureOf((text) => {
      if (text === "odd") throw new Error("no digits");
      return 1;
    });
    expect(error?._tag).toBe("RewardError");
    expect(error?.reward).toBe("mine");
    expect(error?.message).toBe("reward mine: completion 1 (prompt prompt of odd): the function threw: no digits");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, "1"])("refuses %s as a value", async (value) => {
    const error = await failureOf((text) => (text === "odd" ? (value as number) : 0));
    expect(error?.message).toContain(
      `completion 1 (prompt prompt of odd): given ${typeof value === "string" ? '"1"' : value}, wanted a finite number or null`,
    );
  });

  it("tells an asynchronous function where it belongs, and its rejection ends nothing", async () => {
    const error = await failureOf(((text: string) =>
      text === "odd" ? Promise.reject(new Error("lost")) : 0) as never);
    expect(error?.message).toMatch(/given a promise, wanted a finite number or null: perCompletionTask takes/);
  });
});
