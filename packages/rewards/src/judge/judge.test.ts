import { type Scorable, tagged, toPromise } from "@msrl/core";
import type { ChatModel, ChatRequest } from "@msrl/core/openai";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { completion } from "../../test/completions.js";
import { fenced } from "./fenced.js";
import { generativeJudge, groupJudge, referee, rubric, tournament } from "./index.js";
import { plainText } from "./plainText.js";

const textOf = ({ messages }: ChatRequest): string => plainText({ id: "", messages });

/** A judge that replies as a function of what it is asked and of how often it was. */
const judge = (reply: (asked: string, times: number) => string) => {
  const requests: ChatRequest[] = [];
  const chat: ChatModel = {
    name: "judge",
    chat: (request) => {
      requests.push(request);
      const text = reply(textOf(request), requests.length);
      if (text === "gone") return TE.left(tagged("ChatError", "no server", { url: "x", attempts: 1 }));
      return TE.right({ choices: [{ text, truncated: false }], promptTokens: 1, completionTokens: 1 });
    },
  };
  return { chat, requests };
};

const asked = (id: string, ...texts: readonly string[]): readonly Scorable<object>[] =>
  texts.map((text) => ({
    prompt: { id, messages: [{ role: "user", content: [{ type: "text", text: `question ${id}` }] }] },
    completion: completion(text),
    reference: {},
  }));

describe("fenced", () => {
  it("has marks that the text does not contain", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [open, ...rest] = fenced("answer", text).split("\n");
        const mark = /^<answer (\w+)>$/.exec(open!)![1]!;
        expect(text).not.toContain(mark);
        expect(rest.at(-1)).toBe(`</answer ${mark}>`);
      }),
    );
    const first = /<a (\w+)>/.exec(fenced("a", "1234567"))![1]!;
    expect(fenced("a", first.padEnd(7).slice(0, 7))).not.toContain(`<a ${first}>`);
  });
});

describe("referee", () => {
  const options = {
    render: ({ completion: { text } }: Scorable<object>) =>
      text === "skip" ? null : [{ role: "user" as const, content: [{ type: "text" as const, text }] }],
    parse: (reply: string) => (reply === "yes" ? 1 : reply === "no" ? 0 : null),
  };

  it("asks again with another seed where a reply cannot be read, then abstains", async () => {
    const { chat, requests } = judge((_, times) => ["hm", "yes", "hm", "hm"][times - 1]!);
    const reward = referee<object>({ ...options, chat, attempts: 2, abstain: -1, concurrency: 1 });
    const marks = await toPromise(reward.marks!(asked("q", "a", "b", "skip")));
    expect(marks.map(({ value }) => value)).toEqual([1, -1, null]);
    expect(marks[1]!.reason).toBe('no readable reply in 2 attempts, the last: "hm"');
    expect(requests[0]!.seed).not.toBe(requests[1]!.seed);
  });

  it("fails the completions that a judge that is gone was asked about", async () => {
    const { chat } = judge((text) => (text.includes("b") ? "gone" : "no"));
    const marks = await toPromise(referee<object>({ ...options, chat }).marks!(asked("q", "a", "b")));
    expect(marks).toMatchObject([{ value: 0 }, { value: null, failure: expect.stringContaining("no server") }]);
    expect(() => referee<object>({ ...options, chat, attempts: 0, abstain: Number.NaN })).toThrow(
      /attempts[\s\S]*abstain/,
    );
  });
});

describe("generativeJudge", () => {
  it("reads one score in the range and shows question and answer between marks", async () => {
    const { chat, requests } = judge((text) => (text.includes("\ngood\n") ? "So [[ 8.5 ]]" : "[[3]] or [[4]], [[11]]"));
    const given = await toPromise(generativeJudge({ chat, attempts: 1, range: [1, 10] })(asked("q", "good", "bad")));
    expect(given).toEqual([7.5 / 9, null]);
    expect(textOf(requests[0]!)).toMatch(/<question \w+>\nuser: question q\n<\/question/);
    expect(() => generativeJudge({ chat, range: [1, 1] })).toThrow(/range/);
  });
});

describe("rubric", () => {
  const criteria = [
    { name: "sources", question: "Are sources named?", choices: ["none", "some", "all"], weight: 3 },
    { name: "tone", question: "Is it polite?", choices: ["no", "yes"] },
  ];
  const reply = (sources: string, tone: string) =>
    `Thinking.\nVERDICT sources: ${sources}\nWell.\nverdict Tone : ${tone}`;

  it("weighs ordered choices", async () => {
    const { chat, requests } = judge((text) =>
      text.includes("\nfirst\n") ? reply("SOME", "yes") : reply("all", "maybe"),
    );
    const marks = await toPromise(rubric({ chat, criteria, attempts: 2 }).marks!(asked("q", "first", "second")));
    expect(marks[0]).toEqual({ value: (3 * 0.5 + 1) / 4, reason: "sources 0.5, tone 1" });
    expect(marks[1]!.value).toBe(null);
    expect(requests.length).toBe(3);
    expect(textOf(requests[0]!)).toContain("sources: Are sources named? (none | some | all)");
  });

  it("refuses criteria that could be mixed up", () => {
    const { chat } = judge(() => "");
    const [sources] = criteria;
    expect(() => rubric({ chat, criteria: [] })).toThrow(/criteria/);
    expect(() => rubric({ chat, criteria: [sources!, { ...sources!, name: "SOURCES" }] })).toThrow(/criteria/);
    expect(() => rubric({ chat, criteria: [{ ...sources!, choices: ["one"] }] })).toThrow(/criteria/);
  });
});

describe("groupJudge", () => {
  it("ranks each group in one call; equal ones share their ranks", async () => {
    const { chat, requests } = judge((text) => (text.includes("question p") ? "[[3 = 1 > 2 > 4]]" : "[[2 > 1]]"));
    const batch = [...asked("p", "a", "b", "c", "d"), ...asked("q", "a", "b"), ...asked("r", "a")];
    const given = await toPromise(groupJudge({ chat })(batch));
    expect(given.map((value) => value && Number(value.toFixed(6)))).toEqual([
      0.833333,
      0.333333,
      0.833333,
      0,
      0,
      1,
      null,
    ]);
    expect(requests.length).toBe(2);
  });

  it.each(["[[1 > 1]]", "[[1]]", "[[1 > 3]]", "1 > 2", "[[1 > 2]] [[2 > 1]]", "[[ > 1 > 2]]"])(
    "%s is no ranking",
    async (said) => {
      const { chat } = judge(() => said);
      expect(await toPromise(groupJudge({ chat, attempts: 1 })(asked("q", "a", "b")))).toEqual([null, null]);
    },
  );

  it("fails a group and no other", async () => {
    const { chat } = judge((text) => (text.includes("question p") ? "gone" : "[[1 > 2]]"));
    const marks = await toPromise(groupJudge({ chat }).marks!([...asked("p", "a", "b"), ...asked("q", "a", "b")]));
    expect(marks.map(({ value, failure }) => failure !== undefined || value)).toEqual([true, true, 1, 0]);
  });
});

describe("tournament", () => {
  it("plays every two in both orders: the order of lengths comes out, and a liking for the first place cancels", async () => {
    const lengthOf = (text: string, name: string) =>
      new RegExp(`<answer ${name} (\\w+)>\\n(.*)\\n</answer ${name} \\1>`).exec(text)![2]!.length;
    const longer = judge((text) => {
      const difference = lengthOf(text, "A") - lengthOf(text, "B");
      return difference === 0 ? "[[tie]]" : difference > 0 ? "so [[A]]" : "[[B]]";
    });
    const batch = [...asked("q", "a", "bbb", "cc", "dd"), ...asked("r", "x")];
    const given = await toPromise(tournament({ chat: longer.chat })(batch));
    expect(given).toEqual([0, 1, 0.5, 0.5, null]);
    expect(longer.requests.length).toBe(12);
    expect(await toPromise(tournament({ chat: judge(() => "[[A]]").chat })(batch))).toEqual([0.5, 0.5, 0.5, 0.5, null]);
  });

  it("leaves out games that cannot be read, and fails those that a gone judge was asked about", async () => {
    const { chat } = judge((text, times) => (times === 1 ? "?" : text.includes("\nc\n") ? "gone" : "[[B]]"));
    const marks = await toPromise(
      tournament({ chat, attempts: 1, concurrency: 1 }).marks!([...asked("q", "a", "b"), ...asked("r", "a", "c")]),
    );
    expect(marks.map(({ value, failure }) => failure !== undefined || value)).toEqual([1, 0, true, true]);
  });
});
