import { tagged } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { judged } from "../../test/completions.js";
import { perCompletion } from "./perCompletion.js";

const failureOf = async (thrown: unknown): Promise<string | undefined> => {
  const reward = perCompletion("mine", () => {
    throw thrown;
  });
  const result = await reward.marks!([judged("", {})])();
  return result._tag === "Right" ? result.right[0]!.failure : undefined;
};

describe("what a function threw, in words", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  const silent = Object.assign(new AggregateError([refused], ""), { code: "ECONNREFUSED" });

  it.each<[unknown, string]>([
    [new Error("no label"), "no label"],
    [new TypeError("fetch failed", { cause: refused }), "fetch failed: connect ECONNREFUSED 127.0.0.1:1"],
    [new TypeError("fetch failed", { cause: silent }), "fetch failed: ECONNREFUSED"],
    [tagged("OpenAIError", "status 500", {}), "status 500"],
    [new Error(""), ""],
    ["text", "text"],
    [undefined, "undefined"],
    [{ other: 1 }, "[object Object]"],
    [Object.create(null), "something that has no words"],
  ])("%o", async (thrown, words) => {
    expect(await failureOf(thrown)).toBe(`the function threw: ${words}`);
  });
});
