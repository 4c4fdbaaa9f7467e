import type { Label, Reward } from "@msrl/core";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { perCompletion } from "../compose/perCompletion.js";
import { weightedSum } from "../compose/weightedSum.js";
import { perGroup } from "../group/perGroup.js";
import { selfConsistency } from "../group/selfConsistency.js";
import { mathEquivalence } from "../maths/mathEquivalence.js";
import { accuracy } from "../verifiable/accuracy.js";
import { choice } from "../verifiable/choice.js";
import { exactMatch } from "../verifiable/exactMatch.js";
import { format } from "../verifiable/format.js";
import { numeric } from "../verifiable/numeric.js";
import { official } from "../verifiable/official.js";
import { pattern } from "../verifiable/pattern.js";
import { repetition } from "../verifiable/repetition.js";
import { taskType } from "../verifiable/taskType.js";
import { thinkFormat } from "../verifiable/thinkFormat.js";
import {
  type AnyReward,
  checkRewardLaws,
  nearlyWellFormedCompletion,
  propertyTestReward,
  rewardMatchers,
  selfTest,
  wellFormedCompletion,
} from "./index.js";

expect.extend(rewardMatchers as unknown as Parameters<typeof expect.extend>[0]);

type Labelled = { readonly label: Label };

/** What breaks, by the names of the laws. */
const brokenLaws = async (reward: AnyReward<Labelled>, options: Parameters<typeof checkRewardLaws<Labelled>>[1] = {}) =>
  (await checkRewardLaws(reward, { runs: 40, ...options })).flatMap((result) => (result.holds ? [] : [result.law]));

describe("our own rewards hold the laws", () => {
  const answer = fc.constantFrom({ answer: "A" }, { answer: "B" });
  const all = {
    accuracy: [accuracy(), { bounds: [0, 1] }],
    "accuracy of +-1": [accuracy({ wrong: -1, unreadable: -1 }), { bounds: [-1, 1] }],
    format: [format({ tags: ["think", "answer"] }), { bounds: [0, 1], strict: true }],
    "format of three": [
      format({ tags: ["type", "think", "answer"] }),
      { bounds: [0, 1], strict: true, form: { tags: ["type", "think", "answer"] } },
    ],
    thinkFormat: [thinkFormat(), { bounds: [0, 1] }],
    taskType: [taskType(), { bounds: [0, 1], references: fc.constant({ task: "text" }) }],
    exactMatch: [exactMatch(), { bounds: [0, 1], references: answer, swap: null }],
    choice: [choice(), { bounds: [0, 1], references: answer, swap: null }],
    numeric: [numeric(), { bounds: [0, 1], references: fc.constant({ answer: 3 }), swap: null }],
    mathEquivalence: [
      mathEquivalence(),
      { bounds: [0, 1], references: fc.constant({ answer: "\\frac12" }), swap: null },
    ],
    repetition: [repetition({ unit: "words" }), { bounds: [-1, 0], swap: null, honestWrong: null }],
    pattern: [pattern({ expression: "<answer>[AB]</answer>" }), { bounds: [0, 1], honestWrong: null }],
    selfConsistency: [selfConsistency(), { bounds: [0, 1], grouped: true, swap: null, honestWrong: null }],
    "the sum of MSRL": [
      weightedSum({
        accuracy: { reward: accuracy(), weight: 1 },
        format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
      }),
      { bounds: [0, 1.2] },
    ],
  } as const;

  it.each(Object.entries(all))(
    "%s",
    async (name, [reward, options]) => {
      const lawful = { ...options, name, runs: 40 } as Parameters<typeof propertyTestReward<never>>[1];
      await propertyTestReward(reward as AnyReward<never>, lawful);
    },
    60_000,
  );
});

describe("broken rewards are caught, each by its law", () => {
  const letter = perCompletion<Labelled>("first letter", (text, { label }) => (text.includes(label) ? 1 : 0));

  it.each<[string, AnyReward<Labelled>, object, string]>([
    ["throws on a lone surrogate", perCompletion("x", (text) => (text.includes("<<") ? Number.NaN : 0)), {}, "total"],
    ["is too large", perCompletion("x", (text) => text.length), { bounds: [0, 1] }, "bounded"],
    ["sees its neighbours", (batch) => TE.right(batch.map(() => batch.length)), {}, "batch-invariant"],
    ["counts places", perGroup("x", (group) => group.map((_, at) => at)), { grouped: true }, "permutation-equivariant"],
    ["likes A", perCompletion("x", (text) => (text.includes("<answer>A") ? 1 : 0)), {}, "symmetric"],
    ["takes any mention", letter, {}, "unhackable"],
    ["is the official format", official.format as AnyReward<Labelled>, { strict: true }, "strict"],
    ["is quadratic", perCompletion("x", (text) => (/\s+!$/.test(text) ? 1 : 0)), {}, "linear time"],
  ])(
    "one that %s",
    async (_, reward, options, law) => expect(await brokenLaws(reward, options)).toContain(law),
    60_000,
  );

  it("one that changes its mind", async () => {
    let calls = 0;
    const reward: Reward<Labelled> = (batch) => TE.right(batch.map(() => calls++));
    expect(await brokenLaws(reward)).toContain("deterministic");
  });

  it("one that fails is told once; the laws that were not reached are named, those that were are not", async () => {
    const message = async (reward: AnyReward<Labelled>) =>
      String(await propertyTestReward(reward, { name: "mine", runs: 40 }).catch((error: Error) => error.message));
    const throwing: Reward<Labelled> = () => {
      throw new Error("no such file");
    };
    const all = "deterministic, batch-invariant, permutation-equivariant, symmetric, unhackable, linear time";
    const told = await message(throwing);
    expect(told).toMatch(/^mine breaks 1 of 7 laws\n\ntotal: no such file\n/);
    expect(told.split("no such file").length).toBe(2);
    expect(told.endsWith(`\n\nnot reached, because the reward fails: ${all}`)).toBe(true);
    const failing = perCompletion<Labelled>("x", (text, { label }) =>
      text.includes("<<") ? Number.NaN : label.length,
    );
    expect((await message(failing)).split("wanted a finite number").length).toBe(2);
    expect(await message(letter)).not.toContain("not reached");
  });

  it("the report reads like a bug report: what, the smallest case, how to see it again", async () => {
    const tested = propertyTestReward(letter, { name: "my reward", runs: 50 });
    await expect(tested).rejects.toMatchObject({ _tag: "RewardLawsBroken" });
    const message = await tested.catch((error: Error) => error.message);
    expect(message).toMatch(/^my reward breaks \d of 7 laws\n\n/);
    expect(message).toMatch(
      /unhackable: ".*" is worth 1, an honest wrong answer 0\n {2}smallest case:\n {4}the exploit: .*\n {4}honest and wrong: .*\n {2}again with: seed 1/,
    );
  });
});

describe("completions", () => {
  it("well-formed ones have their form, nearly well-formed ones do not", async () => {
    const right = format({ tags: ["think", "answer"] });
    const worth = async (text: string) => (await rightMarks(right, text))[0];
    await fc.assert(
      fc.asyncProperty(wellFormedCompletion(), async (text) => {
        expect(await worth(text)).toBe(1);
      }),
    );
    await fc.assert(
      fc.asyncProperty(nearlyWellFormedCompletion(), async (text) => {
        expect(await worth(text)).toBe(0);
      }),
    );
  });
});

const rightMarks = async (reward: Reward<unknown>, text: string) => {
  const result = await reward([
    {
      prompt: { id: "q", messages: [] },
      completion: { text, tokenIds: [], logProbs: [], truncated: false },
      reference: {},
    },
  ])();
  return result._tag === "Right" ? result.right : [];
};

describe("selfTest", () => {
  const gold = "<think>A is right.</think><answer>A</answer>";
  const one = { reference: { label: "A" as const }, gold, prompt: "A or B?", template: "<answer>A or B</answer>" };

  it("passes a sound reward, and names all that is wrong with another", async () => {
    await selfTest(accuracy(), { cases: [one] });
    const loose = perCompletion<{ label: string }>("loose", (text, { label }) => (text.includes(label) ? 1 : 0));
    const message = await selfTest(loose, { cases: [one] }).catch((error: Error) => error.message);
    expect(message).toMatch(/case 0: the prompt echoed passes with 1/);
    expect(message).toMatch(/case 0: the template untouched passes/);
    expect(message).toMatch(/case 0: the letters swapped passes/);
    await expect(selfTest(accuracy(), { cases: [one], passes: 2 })).rejects.toMatchObject({ _tag: "SelfTestFailed" });
  });
});

describe("matchers", () => {
  it("toSatisfyRewardLaws", async () => {
    const held = await rewardMatchers.toSatisfyRewardLaws(accuracy(), { runs: 20 });
    const failed = await rewardMatchers.toSatisfyRewardLaws(official.accuracy, { runs: 50 });
    expect([held.pass, failed.pass]).toEqual([true, false]);
    expect(failed.message()).toMatch(/unhackable|symmetric/);
  });

  it("toReachSuccessRate asks n times and allows for chance", async () => {
    let asked = 0;
    const judge: Reward<object> = (batch) => TE.right(batch.map(() => (asked++ % 5 === 0 ? 0 : 1)));
    const rate = (wanted: number) =>
      rewardMatchers.toReachSuccessRate(judge, { completion: "x", reference: {}, rate: wanted, times: 50 });
    expect([(await rate(0.8)).pass, (await rate(0.9)).pass, (await rate(0.99)).pass]).toEqual([true, false, false]);
    expect((await rate(0.8)).message()).toMatch(/right 40 of 50 times \(0.80\), 0.8 wanted/);
  });
});
