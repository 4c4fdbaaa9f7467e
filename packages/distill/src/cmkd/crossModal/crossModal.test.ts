import { key, type Prompt } from "@msrl/core";
import { type TokenArrays, tokenGradient } from "@msrl/core/losses";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { characters, scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { testDevice } from "../../../test/testDevice.js";
import {
  alignTrace,
  type CrossModalDivergence,
  confidenceWeights,
  crossModalBatch,
  crossModalDivergences,
  crossModalKl,
  insertCaption,
  removeCaption,
} from "../../index.js";

const { device } = testDevice();
const [batch, time] = [2, 3];
const six = <Value>(each: fc.Arbitrary<Value>) => fc.array(each, { minLength: 6, maxLength: 6 });
const logProb = fc.double({ min: -6, max: -0.01, noNaN: true });

/** d loss / d log-prob of a token that counts, by plain numbers; before it is divided by the tokens. */
const slopes: Readonly<Record<CrossModalDivergence, (s: number, t: number) => number>> = {
  forward: (s, t) => (s - t) / (1 - s),
  reverse: (s, t) => s * (Math.log(s / t) - Math.log((1 - s) / (1 - t))),
  sampled: (s, t) => Math.log(s / t),
};

describe.each(crossModalDivergences)("crossModalKl, %s", (divergence) => {
  it("has the naive gradient, the supervised one alone where the teacher is not known, none where masked", async () => {
    const gradientOf = await tokenGradient(crossModalKl({ divergence, weight: 0.5 }), await device());
    const row = fc.record({
      ...{ student: six(logProb), teacher: six(logProb), mask: six(fc.constantFrom(0, 1)) },
      ...{ known: six(fc.boolean()), weights: six(fc.constantFrom(0, 0.5, 1)) },
    });
    await fc.assert(
      fc.asyncProperty(row, async ({ student, teacher, mask, known, weights }) => {
        const spoilt = (x: readonly number[]) => x.map((value, at) => (mask[at] === 0 ? Number.NaN : value));
        const arrays: TokenArrays = {
          ...{ batch, time, mask, logProbs: spoilt(student), advantages: spoilt(weights) },
          referenceLogProbs: teacher.map((value, at) => (mask[at] === 1 && known[at] ? value : Number.NaN)),
        };
        const { gradient, loss, metrics } = await gradientOf(arrays);
        const tokens = Math.max(1, mask.filter((each) => each === 1).length);
        gradient.forEach((actual, at) => {
          const [s, t] = [Math.exp(student[at]!), Math.exp(teacher[at]!)];
          const wanted = mask[at] === 0 ? 0 : (known[at] ? 0.5 * slopes[divergence](s, t) : 0) - weights[at]!;
          expect(Math.abs(actual - wanted / tokens)).toBeLessThan(2e-4 * (1 + Math.abs(wanted)));
        });
        for (const value of [loss, ...Object.values(metrics)]) expect(Number.isFinite(value)).toBe(true);
        expect(metrics.teacher_known).toBeCloseTo(known.filter((is, at) => is && mask[at] === 1).length / tokens, 6);
      }),
      { numRuns: 25 },
    );
  });

  it("has no gradient where the student is the teacher, be it certain or almost impossible", async () => {
    const gradientOf = await tokenGradient(crossModalKl({ divergence }), await device());
    const logProbs = [-1, -3, -0.1, -30, -1e-5, -0.7];
    const arrays = { batch, time, logProbs, referenceLogProbs: logProbs, advantages: [0, 0] };
    const { gradient, loss } = await gradientOf(arrays);
    for (const each of gradient) expect(Math.abs(each)).toBeLessThan(1e-4);
    if (divergence !== "sampled") expect(Math.abs(loss)).toBeLessThan(1e-6);
  });
});

describe("crossModalKl", () => {
  it("is never negative, nor above the KL over all words", async () => {
    const lossOf = await tokenGradient(crossModalKl(), await device());
    const weights = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const scaled = weights.map((row) => row.map((each) => each / row.reduce((x, y) => x + y, 0)));
    await fc.assert(
      fc.asyncProperty(scaled, scaled, async (t, s) => {
        const full = t.reduce((sum, p, v) => sum + p * Math.log(p / s[v]!), 0);
        const arrays = { batch: 1, time: 1, logProbs: [Math.log(s[0]!)], referenceLogProbs: [Math.log(t[0]!)] };
        const { loss } = await lossOf({ ...arrays, advantages: [0] });
        expect(loss).toBeGreaterThan(-1e-6);
        expect(loss).toBeLessThan(full + 1e-5);
      }),
      { numRuns: 25 },
    );
  });

  it("names options that cannot be", () => {
    expect(() => crossModalKl({ weight: -1, divergence: "jsd" as "forward" })).toThrow(
      /divergence is "jsd"[\s\S]*weight is -1/,
    );
  });
});

describe("alignTrace", () => {
  it("finds every token of the trace, and none of the block put into it", () => {
    const ids = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });
    fc.assert(
      fc.property(ids, ids, ids, (before, block, after) => {
        const marked = block.map((id) => id + 100);
        const places = alignTrace([...before, ...marked, ...after], [...before, ...after]);
        expect(places).toEqual([
          ...before.map((_, at) => at),
          ...marked.map(() => null),
          ...after.map((_, at) => before.length + at),
        ]);
      }),
    );
  });

  it("gives each token at most one place, of the same token", () => {
    const ids = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(ids, ids, (student, teacher) => {
        const places = alignTrace(student, teacher);
        const taken = places.filter((place) => place !== null);
        expect(new Set(taken).size).toBe(taken.length);
        places.forEach((place, at) => {
          if (place !== null) expect(teacher[place]).toBe(student[at]);
        });
      }),
    );
  });
});

describe("removeCaption", () => {
  it("undoes insertCaption, and cuts a caption that has no end", () => {
    const word = fc.stringMatching(/^[a-z ]{0,9}$/);
    fc.assert(
      fc.property(word, word, (thought, caption) => {
        const trace = `<type>t</type> <think>${thought}</think> <answer>A</answer>`;
        expect(removeCaption()(insertCaption()(trace, caption))).toBe(trace);
        expect(removeCaption()(trace)).toBe(trace);
      }),
    );
    expect(removeCaption()("<type>t</type> <caption> a red")).toBe("<type>t</type> ");
  });
});

describe("crossModalBatch", () => {
  const trace = "<think>x</think><answer>A</answer>";
  const prompt: Prompt = { id: "s1", messages: [] };
  const asked: Prompt = { id: "s1", messages: [{ role: "user", content: [{ type: "text", text: "a fox" }] }] };
  const example = { prompt, asked, completion: insertCaption()(trace, "a fox"), weight: 0.5 };
  const calls: string[] = [];
  const teacher = {
    policy: scriptedTeacher(
      () => ["?"],
      (verb) => calls.push(`teacher ${verb}`),
    ),
    state: null,
  };
  const drawn = [insertCaption()(trace, "a dog"), "<caption> never en"];
  const policy = scriptedTeacher(
    () => drawn,
    (verb) => calls.push(`student ${verb}`),
  );
  const step = { policy, state: null, key: key(4) };

  it("puts the teacher's log-probs of the trace behind the caption where the student has the same tokens", async () => {
    const [group] = await crossModalBatch({ teacher })([example], step);
    const { tokenIds, advantage, referenceLogProbs } = group!.completions[0]!;
    expect(String.fromCodePoint(...tokenIds.slice(0, -1))).toBe(example.completion);
    const scored = await teacher.policy.logProbs(null, [{ prompt: asked, completions: [characters(trace)] }])();
    const rows = scored._tag === "Right" ? Array.from(scored.right[0]![0]!) : [];
    const caption = tokenIds.length - rows.length;
    const known = referenceLogProbs!.filter((each) => !Number.isNaN(each));
    expect(known).toEqual(rows);
    expect(referenceLogProbs!.filter(Number.isNaN).length).toBe(caption);
    expect(advantage).toEqual(referenceLogProbs!.map((each) => (Number.isNaN(each) ? 0.5 : 0)));
  });

  it("lets the student write its part, unsupervised, and a trace that was cut off too", async () => {
    calls.length = 0;
    const sampling = { samples: 6, temperature: 1, maxTokens: 99 };
    const [group] = await crossModalBatch({ teacher, onPolicy: 1, sampling })([example], step);
    expect(calls).toEqual(["student sample", "teacher logProbs"]);
    expect(group!.prompt).toBe(prompt);
    const texts = group!.completions.map(({ tokenIds }) => String.fromCodePoint(...tokenIds.slice(0, -1)));
    expect(new Set(texts)).toEqual(new Set(drawn));
    for (const [at, { advantage, referenceLogProbs }] of group!.completions.entries()) {
      expect(new Set(advantage as readonly number[])).toEqual(new Set([0]));
      const known = referenceLogProbs!.filter((each) => !Number.isNaN(each)).length;
      expect(known).toBe(texts[at] === drawn[0] ? characters(trace).length : 1); // of the other the end alone
    }
  });

  it("mixes both in a batch", async () => {
    const examples = Array.from({ length: 40 }, (_, at) => ({ ...example, prompt: { ...prompt, id: `s${at}` } }));
    const groups = await crossModalBatch({ teacher, onPolicy: 0.5 })(examples, step);
    const own = groups.filter(({ completions }) => (completions[0]!.advantage as number[]).every((each) => each === 0));
    expect(groups.length).toBe(40);
    expect(own.length).toBeGreaterThan(8);
    expect(own.length).toBeLessThan(32);
    expect(await crossModalBatch({ teacher })([], step)).toEqual([]);
  });

  it("names options that cannot be", () => {
    expect(() => crossModalBatch({ teacher, onPolicy: 2 })).toThrow(/onPolicy is 2/);
  });
});

describe("confidenceWeights", () => {
  const of = (confidences: readonly number[]) => confidences.map((confidence) => ({ provenance: { confidence } }));

  it("have mean 1 and the order of the confidences", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -20, max: 0, noNaN: true }), { minLength: 1 }), (confidences) => {
        const weights = confidenceWeights()(of(confidences));
        expect(weights.reduce((sum, each) => sum + each, 0) / weights.length).toBeCloseTo(1, 9);
        weights.forEach((one, i) => {
          weights.forEach((other, j) => {
            if (confidences[i]! > confidences[j]!) expect(one).toBeGreaterThanOrEqual(other);
          });
        });
      }),
    );
  });

  it("are 0 without a confidence, and all 1 where none has any", () => {
    expect(confidenceWeights()(of([0, Number.NaN, Number.NEGATIVE_INFINITY]))).toEqual([3, 0, 0]);
    expect(confidenceWeights()(of([Number.NaN, Number.NEGATIVE_INFINITY]))).toEqual([1, 1]);
    expect(confidenceWeights()([])).toEqual([]);
  });
});
