import type { Reward } from "@msrl/core";
import type { ChatModel } from "@msrl/core/openai";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { checkRewardLaws } from "../testing/propertyTestReward.js";
import type { RewardLawsOptions } from "../testing/rewardLawsOptions.js";
import { generativeJudge, groupJudge, referee, rubric, tournament } from "./index.js";
import { plainText } from "./plainText.js";

/** A judge that replies as a function of what it is asked. */
const judge = (reply: (asked: string) => string): ChatModel => ({
  name: "judge",
  chat: ({ messages }) => {
    const text = reply(plainText({ id: "", messages }));
    return TE.right({ choices: [{ text, truncated: false }], promptTokens: 1, completionTokens: 1 });
  },
});

/** The lengths of the answers that are shown, by their names. */
const lengthsOf = (asked: string): ReadonlyMap<string, number> => {
  const lengths = new Map<string, number>();
  for (const [open, name, mark] of asked.matchAll(/^<answer (\w+) (\w+)>\n/gm)) {
    const start = asked.indexOf(open);
    const end = asked.indexOf(`\n</answer ${name} ${mark}>`, start);
    if (end >= 0 && !lengths.has(name!)) lengths.set(name!, end - start - open.length); // marks are of several lengths
  }
  return lengths;
};

/** Every answer from the longest to the shortest; those of one length are equal. */
const byLength = (asked: string): string => {
  const sorted = [...lengthsOf(asked)].sort(([, a], [, b]) => b - a);
  const ranked = sorted.map(([name, length], at) => {
    const sign = at === 0 ? "" : sorted[at - 1]![1] === length ? " = " : " > ";
    return `${sign}${name}`;
  });
  return `[[${ranked.join("")}]]`;
};

const longer = (asked: string): string => {
  const { A = 0, B = 0 } = Object.fromEntries(lengthsOf(asked));
  return A === B ? "[[tie]]" : A > B ? "[[A]]" : "[[B]]";
};

const score = judge((asked) => (asked.length % 12 === 11 ? "hm" : `So [[${asked.length % 12}]]`));
const verdicts = judge((asked) => `VERDICT sources: ${["none", "some", "all"][asked.length % 3]}\nVERDICT tone: yes`);
const criteria = [
  { name: "sources", question: "Are sources named?", choices: ["none", "some", "all"], weight: 3 },
  { name: "tone", question: "Is it polite?", choices: ["no", "yes"] },
];
const last = referee({
  chat: judge((asked) => `${asked.length % 2}`),
  render: ({ completion: { text } }) =>
    text === "" ? null : [{ role: "user", content: [{ type: "text", text: text.slice(-20) }] }],
  parse: Number,
});

const judges: Readonly<Record<string, readonly [Reward<unknown>, grouped?: boolean]>> = {
  generativeJudge: [generativeJudge({ chat: score, attempts: 2 })],
  rubric: [rubric({ chat: verdicts, criteria })],
  referee: [last as Reward<unknown>],
  groupJudge: [groupJudge({ chat: judge(byLength) }), true],
  tournament: [tournament({ chat: judge(longer) }), true],
};

describe("a judge that answers the same to the same question holds the laws", () => {
  const options = { references: fc.constant({}), bounds: [0, 1], swap: null, honestWrong: null, runs: 12 } as const;

  it.each(Object.entries(judges))(
    "%s",
    async (_, [reward, grouped = false]) => {
      const laws: RewardLawsOptions<unknown> = { ...options, grouped };
      const results = await checkRewardLaws(reward, laws);
      expect(results.flatMap((result) => (result.holds ? [] : [result.report]))).toEqual([]);
      expect(results.length).toBe(6);
    },
    60_000,
  );

  it("and one that likes the first place does not", async () => {
    const first = groupJudge({ chat: judge((asked) => `[[${[...lengthsOf(asked).keys()].join(" > ")}]]`) });
    const results = await checkRewardLaws<unknown>(first, { ...options, grouped: true, runs: 40 });
    expect(results.filter(({ holds }) => !holds).map(({ law }) => law)).toEqual(["permutation-equivariant"]);
  });
});
