import { type Completion, key, type Label, toPromise } from "@msrl/core";
import type { Policy, Sampling } from "@msrl/core/policy";
import * as fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { scriptedPolicy } from "../test/scriptedPolicy.js";
import { evaluate, evaluateTask, type JudgedReference, votedVerdict } from "./evaluate.js";

const readVerdict = (text: string): Label | null => (text === "A" || text === "B" ? text : null);
const sampling: Sampling = { samples: 1, temperature: 0, maxTokens: 1 };
const prompt = (id: string) => ({ id, messages: [] });

const said = (text: string, ...logProbs: readonly number[]): Completion => ({
  ...{ text, tokenIds: logProbs.map((_, at) => at), logProbs, truncated: false },
});

/** Says what its script has for each prompt. */
const reading = (script: Readonly<Record<string, readonly Completion[]>>): Policy<null> => ({
  name: "reading",
  gives: [],
  tokenize: () => [],
  sample: (_, prompts) => TE.right(prompts.map((each) => ({ prompt: each, completions: script[each.id]! }))),
  logProbs: () => TE.right([]),
});

const judge = (
  script: Readonly<Record<string, readonly Completion[]>>,
  references: Readonly<Record<string, JudgedReference>>,
) =>
  evaluate(
    Object.entries(references).map(([id, reference]) => ({ prompt: prompt(id), reference })),
    { policy: reading(script), state: null, sampling, key: key(1), readVerdict },
  );

describe("evaluate", () => {
  it("counts right verdicts over all and by task; unreadable ones are wrong, unlabelled questions left out", async () => {
    const script = { a: [said("A", -1)], b: [said("A", -1)], c: [said("both", -1)], d: [said("B", -1)] };
    const result = await judge(script, {
      a: { label: "A", task: "text" },
      b: { label: "B", task: "text" },
      c: { label: "A", task: "video_understanding" },
      d: { label: "B", task: "image_generation" },
      e: { task: "image_generation" },
      f: { task: "unlabelled only" },
    });
    expect(result).toMatchObject({ accuracy: 0.5, count: 4, unreadable: 0.25 });
    expect(result.byTask).toEqual({
      text: { accuracy: 0.5, count: 2 },
      video_understanding: { accuracy: 0, count: 1 },
      image_generation: { accuracy: 1, count: 1 },
    });
    expect(result.rollouts.map((rollout) => rollout.prompt.id)).toEqual(["a", "b", "c", "d"]);
  });

  it("takes the majority of several completions", async () => {
    const script = {
      a: [said("B", -0.1), said("A", -3), said("A", -3), said("?", -0.1), said("?", -0.1), said("?", -0.1)],
    };
    expect(await judge(script, { a: { label: "A", task: "text" } })).toMatchObject({ accuracy: 1, unreadable: 0.5 });
  });

  it("gives zeros where nothing is labelled", async () => {
    const result = await judge({}, { a: { task: "text" } });
    expect(result).toEqual({ accuracy: 0, count: 0, byTask: {}, unreadable: 0, rollouts: [] });
  });

  it("does better by voting than by one sample, on a policy that is right more often than not", async () => {
    const ids = Array.from({ length: 300 }, (_, at) => `q${at}`);
    const policy = scriptedPolicy(Object.fromEntries(ids.map((id) => [id, ["A", "B"]])));
    const zero = await toPromise(policy.init(key(1)));
    const state = { ...zero, logits: Object.fromEntries(ids.map((id) => [id, [0.8, 0]])) };
    const questions = ids.map((id) => ({ prompt: prompt(id), reference: { label: "A" as const, task: "text" } }));
    const at = (samples: number) =>
      evaluate(questions, {
        policy,
        state,
        key: key(2),
        readVerdict,
        sampling: { samples, temperature: 1, maxTokens: 1 },
      });
    const [one, many] = [await at(1), await at(9)];
    expect(one.accuracy).toBeCloseTo(0.69, 1);
    expect(many.accuracy).toBeGreaterThan(one.accuracy + 0.1);
  });

  it("hands on what the policy fails at", async () => {
    const policy = scriptedPolicy({ a: ["A"] });
    const state = await toPromise(policy.init(key(1)));
    const questions = [{ prompt: prompt("b"), reference: { label: "A" as const, task: "text" } }];
    const options = { policy, state, sampling, key: key(1), readVerdict };
    expect(await evaluateTask(questions, options)()).toMatchObject({ left: { _tag: "BadPrompt", id: "b" } });
    await expect(evaluate(questions, options)).rejects.toMatchObject({ _tag: "BadPrompt" });
  });
});

describe("votedVerdict", () => {
  const vote = (...completions: readonly Completion[]) =>
    votedVerdict({ prompt: prompt("q"), completions }, readVerdict);

  it("breaks a tie by the likelihood of each side, summed over its completions", () => {
    expect(vote(said("A", -2), said("B", -1))).toBe("B");
    expect(vote(said("A", -1, -1), said("B", -1, -1.5))).toBe("A");
    const of = (text: string, probability: number) => said(text, Math.log(probability));
    expect(vote(of("A", 0.25), of("A", 0.25), of("B", 0.4), of("B", 0.2))).toBe("B");
  });

  it("breaks it for completions so long that their likelihood is no number any more", () => {
    const long = (each: number) => Array<number>(1000).fill(each);
    expect(vote(said("A", ...long(-2)), said("B", ...long(-1.9)))).toBe("B");
    expect(vote(said("A", ...long(-1.8)), said("B", ...long(-1.9)))).toBe("A");
  });

  it("says A where both sides are equal, nothing where none can be read", () => {
    expect(vote(said("B", -1), said("A", -1))).toBe("A");
    expect(vote(said("?", -1), said("??", -1))).toBeNull();
    expect(vote()).toBeNull();
  });

  it("does not depend on the order of completions, and mirrors when the labels do", () => {
    const completion = fc.record({ text: fc.constantFrom("A", "B", "?"), logProb: fc.integer({ min: -9, max: -1 }) });
    fc.assert(
      fc.property(fc.array(completion, { maxLength: 9 }), (made) => {
        const completions = made.map(({ text, logProb }) => said(text, logProb));
        expect(vote(...[...completions].reverse())).toBe(vote(...completions));
        const counts = ["A", "B"].map((label) => made.filter(({ text }) => text === label).length);
        if (counts[0] === counts[1]) return;
        const mirrored = made.map(({ text, logProb }) => said(text === "A" ? "B" : text === "B" ? "A" : text, logProb));
        expect(vote(...mirrored)).toBe(vote(...completions) === "A" ? "B" : "A");
      }),
    );
  });
});
