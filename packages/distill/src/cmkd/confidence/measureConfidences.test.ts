import { type Completion, key, type Prompt, toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completion, readVerdict, trace } from "../../../test/candidates.js";
import { characters, scriptedTeacher } from "../../../test/scriptedTeacher.js";
import {
  type AnyConfidence,
  answerLogProb,
  labelMargin,
  labelProbability,
  meanLogProb,
  measureConfidences,
  rationaleScore,
  voteShare,
} from "../../index.js";
import { answerTokens } from "./answerTokens.js";

const prompt: Prompt = { id: "s1", messages: [{ role: "user", content: [{ type: "text", text: "?" }] }] };

/** The scripted teacher, the calls that it got, and candidates that it drew. */
const setting = async (texts: readonly string[]) => {
  const calls: string[] = [];
  const policy = scriptedTeacher(
    () => texts,
    (verb, ids) => calls.push(`${verb} ${ids.length}`),
  );
  const sampling = { samples: 6, temperature: 1, maxTokens: 99 };
  const [rollout] = await toPromise(policy.sample(null, [prompt], sampling, key(2)));
  calls.length = 0;
  const measure = async (measures: Readonly<Record<string, AnyConfidence>>, completions = rollout!.completions) =>
    (await measureConfidences({ teacher: { policy, state: null }, measures })([{ prompt, completions }]))[0]!;
  const scored = async (text: string, behind = prompt) =>
    Array.from((await toPromise(policy.logProbs(null, [{ prompt: behind, completions: [characters(text)] }])))[0]![0]!);
  return { calls, completions: rollout!.completions, measure, scored };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const [a, b] = ["<think>x</think> <answer>A</answer>", "<think>y</think> <answer>B</answer>"];

describe("meanLogProb", () => {
  it("is the mean in nats, and the lowest there is without tokens", () => {
    expect(meanLogProb(completion("x", -1, -2, -0.75), [])).toBe(-1.25);
    expect(meanLogProb(completion("x"), [])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("voteShare", () => {
  it("is the share of all candidates of the same verdict, 0 for an unreadable one", () => {
    const all = [trace("A"), trace("B"), trace("A"), completion("?")];
    expect(all.map((one) => voteShare(readVerdict)(one, all))).toEqual([0.5, 0.25, 0.5, 0]);
    expect(voteShare(readVerdict)(trace("A"), [])).toBe(0);
  });
});

describe("answerTokens", () => {
  it("are those in which a text differs from the same with the other verdict, whatever the tokenizer merges", () => {
    const pairs = (text: string) =>
      (text.match(/..?/gs) ?? []).map((two) => two.charCodeAt(0) * 256 + (two.charCodeAt(1) || 0));
    for (const tokenize of [characters, (text: string) => [...pairs(text), 0]]) {
      const found = answerTokens(a!, tokenize)!;
      expect([...found.before, ...found.own, ...found.after]).toEqual(tokenize(a!));
      expect([...found.before, ...found.other, ...found.after]).toEqual(tokenize(a!.replace(">A<", ">B<")));
      expect([found.own.length, found.other.length]).toEqual([1, 1]);
    }
  });

  it("are none without a verdict or without token ids, and of the last of several", () => {
    expect(answerTokens("?", characters)).toBe(null);
    expect(answerTokens(a!, () => [])).toBe(null);
    expect(answerTokens(`${b}${a}`, characters)!.own).toEqual(characters("A").slice(0, 1));
  });

  it("may be found and written otherwise", () => {
    const labels = { A: "first", B: "second" };
    const findAnswer = (text: string) => ({ label: "A" as const, start: text.indexOf("first"), end: text.length });
    const found = answerTokens("the first", characters, { findAnswer, labels })!;
    expect(String.fromCodePoint(...found.before)).toBe("the ");
  });
});

describe("answerLogProb", () => {
  it("is the log-prob of the answer's token, whatever comes before it", async () => {
    const { measure } = await setting([a!]);
    const logProbs = (text: string) => characters(text).map((id) => (id === 65 ? -0.5 : -3));
    const drawn = (text: string): Completion => ({
      ...{ text, tokenIds: characters(text), logProbs: logProbs(text), truncated: false },
    });
    expect((await measure({ answer: answerLogProb() }, [drawn(a!), drawn("x".repeat(40) + a!)])).answer).toEqual([
      -0.5, -0.5,
    ]);
  });

  it("is none where there is no verdict, or where the tokens drawn are not the text's", async () => {
    const { measure } = await setting([a!]);
    const odd = { ...completion(a!, -1, -1), tokenIds: [5, 6] };
    const found = await measure({ answer: answerLogProb() }, [completion("?", -1), odd]);
    expect(found.answer).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("labelProbability and labelMargin", () => {
  it("compare both verdicts behind the reasoning", async () => {
    const { measure, completions, scored } = await setting([a!, b!]);
    const found = await measure({ share: labelProbability(), margin: labelMargin() });
    for (const [at, { text }] of completions.entries()) {
      const end = text.indexOf("</answer>");
      const [own, other] = [text, text.replace(/(?<=<answer>)[AB]/, (x) => (x === "A" ? "B" : "A"))];
      const behind = async (whole: string) => sum((await scored(whole)).slice(end - 1, end));
      const gap = (await behind(own)) - (await behind(other));
      expect(found.margin![at]).toBeCloseTo(gap, 6);
      expect(found.share![at]).toBeCloseTo(1 / (1 + Math.exp(-gap)), 6);
    }
  });

  it("order candidates alike", async () => {
    const { measure } = await setting([a!, b!, `${a} `, "?"]);
    const { share, margin } = await measure({ share: labelProbability(), margin: labelMargin() });
    share!.forEach((one, i) => {
      share!.forEach((other, j) => {
        if (!Number.isNaN(one - other)) expect(Math.sign(one - other)).toBe(Math.sign(margin![i]! - margin![j]!));
      });
    });
  });
});

describe("rationaleScore", () => {
  it("is the ratio of the log-probs with and without the prompt, higher for what only the prompt makes likely", async () => {
    const { measure, completions, scored } = await setting([a!, b!]);
    const { score } = await measure({ score: rationaleScore() });
    for (const [at, { text }] of completions.entries()) {
      const alone = sum(await scored(text, { id: "s1", messages: [] }));
      expect(score![at]).toBeCloseTo(-sum(await scored(text)) / alone, 6);
    }
  });

  it("is none for an empty trace or one that is certain anyhow", () => {
    const { value } = rationaleScore();
    const group = { prompt, completions: [], tokenize: characters };
    expect(value([[], []], completion(""), group)).toBeNaN();
    expect(value([[-1], [0]], completion("x", -1), group)).toBeNaN();
  });
});

describe("measureConfidences", () => {
  it("makes no call where nothing is asked, one where several measures ask, and scores each sequence once", async () => {
    const { calls, measure } = await setting([a!]);
    await measure({ mean: meanLogProb, share: voteShare(readVerdict), answer: answerLogProb() });
    expect(calls).toEqual([]);
    await measure({ label: labelProbability(), margin: labelMargin() });
    expect(calls).toEqual(["logProbs 1"]); // one prompt
    await measure({ label: labelProbability(), margin: labelMargin(), score: rationaleScore() });
    expect(calls).toEqual(["logProbs 1", "logProbs 2"]); // and one without the sample
  });

  it("gives the same values together as alone, for any candidates", async () => {
    const { measure } = await setting([a!]);
    const measures = { label: labelProbability(), margin: labelMargin(), score: rationaleScore(), mean: meanLogProb };
    const text = fc.oneof(fc.constantFrom(a!, b!, "", "<answer>A</answer>"), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        const drawn = texts.map((each) => ({ ...completion(each), tokenIds: characters(each) }));
        const together = await measure(measures, drawn);
        for (const [name, one] of Object.entries(measures))
          expect((await measure({ [name]: one }, drawn))[name]).toEqual(together[name]);
      }),
      { numRuns: 30 },
    );
  });
});
