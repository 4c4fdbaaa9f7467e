import { describe, expect, it } from "vitest";
import { perCompletion } from "../compose/perCompletion.js";
import { accuracy } from "../verifiable/accuracy.js";
import { official } from "../verifiable/official.js";
import { checkRewardLaws, propertyTestReward, type RewardMatchers, rewardMatchers, selfTest } from "./index.js";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: the parameter as vitest declares it
  interface Matchers<T = any> extends RewardMatchers {}
}
expect.extend(rewardMatchers);

const reportOf = (tested: Promise<unknown>): Promise<string> =>
  tested.then(
    () => "",
    (error: Error) => error.message,
  );

describe("reports", () => {
  it("a case keeps only the completions that it needs, in whatever place they came", async () => {
    const fails = perCompletion("mine", (text) => (text.includes("<answer>") ? 1 : Number.NaN));
    expect(await reportOf(propertyTestReward(fails, { runs: 40 }))).toMatch(
      /^mine breaks 1 of 7 laws\n\ntotal: .*\n {2}smallest case:\n {4}completion 0: "" \(against {"label":"[AB]"}, sample 0\)\n {2}again with: seed 1\n/,
    );
  });

  it("say of each text what it is", async () => {
    expect(await reportOf(propertyTestReward(official.format, { strict: true, runs: 50 }))).toMatch(
      /strict: .* is worth 1, a well-formed one 1\n {2}smallest case:\n {4}misses its form: ".*" \(against .*\n {4}well-formed: ".*" \(against .*\n {2}again/,
    );
    const likesA = perCompletion("mine", (text) => (text.includes("<answer>A") ? 1 : 0));
    expect(await reportOf(propertyTestReward(likesA, { runs: 50, honestWrong: null }))).toMatch(
      /symmetric: .*\n {2}smallest case:\n {4}".*<answer>A.*" \(against {"label":"[AB]"}\)\n {4}exchanged: ".*<answer>B.*" \(against {"label":"[AB]"}\)\n/,
    );
    let calls = 0;
    const counts = perCompletion("mine", () => calls++);
    expect(await reportOf(propertyTestReward(counts, { runs: 20 }))).toMatch(
      /permutation-equivariant: .*\n {2}smallest case:\n {4}completion 0: ".*" \(against .*, sample 0\)\n {4}the other order: completions 0\n/,
    );
  });

  it("no reward, and options that cannot be, are told at once and in words", async () => {
    await expect(propertyTestReward(3 as never)).rejects.toThrow("propertyTestReward: reward is 3, wanted a reward");
    await expect(checkRewardLaws(accuracy(), { bounds: [1, 0] })).rejects.toThrow(
      "checkRewardLaws: bounds is [1,0], wanted two finite numbers, the lower first, or nothing",
    );
    await expect(propertyTestReward(accuracy(), { runs: 0, boundz: [0, 1] } as never)).rejects.toMatchObject({
      _tag: "ConfigurationError",
      message: expect.stringMatching(/boundz is not an option, wanted one of name, .*\n.*runs is 0, wanted a whole/),
    });
    await expect(propertyTestReward(accuracy(), { form: { tags: [] } })).rejects.toThrow('form is {"tags":[]}, wanted');
    await expect(propertyTestReward((async () => [1]) as never, { runs: 5 })).rejects.toThrow(
      /total: called with a batch it gave a promise, wanted a TaskEither: perCompletion/,
    );
    await expect(rewardMatchers.toReachSuccessRate(accuracy(), { rate: 2 } as never)).rejects.toThrow(
      /toReachSuccessRate: completion is not given, wanted a text\n.*rate is 2, wanted a number from 0 to 1/,
    );
  });
});

describe("matchers have types", () => {
  it("of the laws, and of the rate", async () => {
    await expect(accuracy()).toSatisfyRewardLaws({ bounds: [0, 1], runs: 10 });
    const right = { completion: "<answer>A</answer>", reference: { label: "A" }, rate: 0.9, times: 3 };
    await expect(accuracy()).toReachSuccessRate(right);
    await expect(accuracy()).not.toReachSuccessRate({ ...right, completion: "B" });
  });
});

describe("selfTest", () => {
  const gold = "<answer>A</answer>";
  const reference = { label: "A" } as const;

  it("wants a case, and a reward", async () => {
    await expect(selfTest(accuracy(), { cases: [] })).rejects.toThrow("cases is [], wanted one case or more");
    await expect(selfTest(null as never, { cases: [{ gold, reference }] })).rejects.toThrow("reward is null, wanted");
  });

  it("tells which completion the reward fails at, and goes on", async () => {
    const reward = perCompletion("mine", (text) => (text.match(/A|B/)![0] === "A" ? 1 : 0));
    const tested = reportOf(selfTest(reward, { cases: [{ gold, reference, wrong: { both: "A or B" } }] }));
    expect(await tested).toMatch(
      /^case 0: an empty completion is one that the reward fails at, .*threw: .*: ""\ncase 0: both passes with 1: "A or B"$/,
    );
  });
});
