import { type Completion, fold, key, type Prompt, tagged } from "@msrl/core";
import type { Policy, PolicyError, Sampling } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { grey } from "../../test/captioners.js";
import { captionCoverage } from "./captionCoverage.js";
import { captionBlock, fromPolicy } from "./fromPolicy.js";
import { retryCaptions } from "./retryCaptions.js";

const completion = (text: string, truncated = false): Completion => ({
  text,
  tokenIds: [...text].map((_, at) => at),
  logProbs: [],
  truncated,
});

type Answer = (prompt: Prompt, sampling: Sampling) => readonly string[] | PolicyError;

const policy = (answer: Answer): Policy<string> & { readonly asked: unknown[] } => {
  const asked: unknown[] = [];
  return {
    name: "judge",
    asked,
    gives: [],
    tokenize: () => [],
    logProbs: () => TE.right([]),
    sample: (state, prompts, sampling, key) => () => {
      asked.push({ state, prompts, sampling, key });
      const all = prompts.map((prompt) => ({ prompt, answer: answer(prompt, sampling) }));
      const failure = all.find(({ answer }) => answer instanceof Error);
      if (failure) return Promise.resolve(E.left(failure.answer as PolicyError));
      return Promise.resolve(
        E.right(
          all.map(({ prompt, answer }) => ({
            prompt,
            completions: (answer as readonly string[]).map((text) => completion(text)),
          })),
        ),
      );
    },
  };
};

const request = { key: key(1) };
const options = { state: "weights", checkpoint: "step 3" };

describe("fromPolicy", () => {
  it.each([
    ["<type> t </type> <caption> a fox </caption> <think> x </think>", "a fox", false],
    ["<caption>\na\nfox\n</caption><caption>b</caption>", "a\nfox", false],
    ["<caption> a fo", "a fo", true],
    ["<caption></caption>", "", false],
    ["a fox", "", false],
  ])("reads the caption of %j", (text, caption, truncated) => {
    expect(captionBlock(completion(text))).toEqual({ text: caption, truncated });
  });

  it("asks the policy as it is told", async () => {
    const judge = policy(() => [
      "<caption> a fox </caption>",
      "<caption> a dog </caption>",
      "<caption> a fox </caption>",
    ]);
    const sampling = { samples: 3, temperature: 1 };
    const result = await fromPolicy({ policy: judge, ...options, prompt: "What?", sampling }).caption(
      grey(1),
      request,
    )();
    const tokens = { prompt: 0, completion: 78 };
    expect(result).toEqual(E.right({ text: "a fox\na dog", tokens, truncated: false }));
    const content = [
      { type: "media", media: grey(1) },
      { type: "text", text: "What?" },
    ];
    expect(judge.asked).toEqual([
      {
        state: "weights",
        prompts: [{ id: "caption", messages: [{ role: "user", content }] }],
        sampling: { samples: 3, temperature: 1, maxTokens: 256 },
        key: request.key,
      },
    ]);
  });

  it("tells checkpoints, prompts and samplings apart", () => {
    const of = (more: object) => fromPolicy({ policy: policy(() => []), ...options, ...more }).fingerprint;
    const changes = [
      ...[{ checkpoint: "4" }, { prompt: "x" }, { sampling: { maxTokens: 3 } }],
      ...[{ frames: { count: 2 } }, { retryTemperature: 1 }],
    ];
    expect(new Set([{}, ...changes].map(of)).size).toBe(6);
  });

  it("samples where a caption was not taken, for at temperature 0 the same would come", async () => {
    const judge = policy(() => ["?"]);
    for (const attempt of [0, 1])
      await fromPolicy({ policy: judge, ...options }).caption(grey(1), { ...request, attempt })();
    expect(judge.asked).toMatchObject([{ sampling: { temperature: 0 } }, { sampling: { temperature: 0.7 } }]);
  });

  it("asks again where the failure may pass, with growing waits and other keys", async () => {
    let left = 2;
    const busy = tagged("PolicyFailed", "busy", { policy: "judge" });
    const judge = policy(() => (left-- > 0 ? busy : ["<caption> a fox </caption>"]));
    const waits: number[] = [];
    const sleep = async (time: number) => void waits.push(time);
    const patient = retryCaptions({ delay: 10, sleep })(fromPolicy({ policy: judge, ...options }));
    expect(E.isRight(await patient.caption(grey(1), request)())).toBe(true);
    expect(waits).toEqual([10, 20]);
    expect(judge.asked.map((asked) => (asked as { key: unknown }).key)).toEqual([
      request.key,
      fold(request.key, "again 1"),
      fold(request.key, "again 2"),
    ]);
    left = 9;
    const result = await patient.caption(grey(1), request)();
    expect(E.isLeft(result) && result.left.message).toBe("captioner judge: busy");
    expect(judge.asked.length).toBe(6);
  });

  it("does not where it is final", async () => {
    const bad = tagged("BadPrompt", "no media slots", { id: "caption" });
    const judge = policy(() => bad);
    const patient = retryCaptions({ sleep: async () => {} })(fromPolicy({ policy: judge, ...options }));
    expect(await patient.caption(grey(1), request)()).toMatchObject({ left: { final: true } });
    expect(judge.asked.length).toBe(1);
    expect(() => retryCaptions({ attempts: 0 })).toThrow(/attempts/);
  });
});

describe("captionCoverage", () => {
  const answers: Readonly<Record<string, readonly string[]>> = {
    s1: ["A", "A", "A", "A"],
    s2: ["A", "B", "?", "A"],
    s3: ["B", "B", "B", "A"],
  };
  const sample = (id: string, label?: "A" | "B") => ({
    id,
    task: "image_understanding" as const,
    query: "?",
    context: ["c"],
    responses: ["x", "y"] as const,
    ...(label && { label }),
  });
  const check = (given: Answer) =>
    captionCoverage({
      policy: policy(given),
      state: "weights",
      key: key(0),
      render: ({ id }) => ({ id, messages: [] }),
      readVerdict: (text) => (text === "A" || text === "B" ? text : null),
      sampling: { samples: 4 },
    });

  it("is the share of verdicts that are the label, and its standard error", async () => {
    const samples = [sample("s1", "A"), sample("s2", "A"), sample("s0"), sample("s3", "A")];
    const result = await check(({ id }) => answers[id]!)(samples);
    expect(result).toEqual({
      samples: [
        { id: "s1", agreement: 1, unreadable: 0, answerable: true },
        { id: "s2", agreement: 0.5, unreadable: 1, answerable: false },
        { id: "s3", agreement: 0.25, unreadable: 0, answerable: false },
      ],
      agreement: 1.75 / 3,
      standardError: expect.closeTo(Math.sqrt(((5 / 12) ** 2 + (1 / 12) ** 2 + (1 / 3) ** 2) / 2 / 3), 12),
      answerable: 1 / 3,
      unlabelled: 1,
    });
  });

  it("says nothing without labels, and fails as the policy does", async () => {
    const nothing = { samples: [], agreement: null, standardError: null, answerable: null, unlabelled: 1 };
    expect(await check(() => [])([sample("s0")])).toEqual(nothing);
    const failure = tagged("PolicyFailed", "gone", { policy: "judge" });
    await expect(check(() => failure)([sample("s1", "A")])).rejects.toThrow("gone");
  });
});
