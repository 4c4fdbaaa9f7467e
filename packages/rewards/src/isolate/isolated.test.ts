import { toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { acting, held, marks, module, source } from "../../test/isolating.js";
import { mathEquivalence } from "../maths/mathEquivalence.js";
import { hostileCompletion } from "../testing/completions.js";
import { checkRewardLaws } from "../testing/propertyTestReward.js";
import { isolated } from "./isolated.js";
import type { IsolatedOptions } from "./options.js";

describe("what a reward gives comes back as it is", () => {
  it.each([
    ["null", { value: null }],
    ["marked", { value: 0.5, reason: "half", failure: undefined }],
    ["failed", { value: null, failure: "of its own" }],
    ["scored", { value: 2, reason: "a 1 (one), b null (failed: gone)" }],
    ["message", { value: 7 }],
    ["throw", { value: null, failure: "thrown" }],
    ["left", { value: null, failure: "on the left" }],
    ["nan", { value: null, failure: "given NaN, wanted a finite number or null" }],
    ["text", { value: null, failure: 'given "1", wanted a finite number or null' }],
    ["nothing", { value: null, failure: "given undefined, wanted a finite number or null" }],
    [
      "function",
      { value: null, failure: expect.stringMatching(/^what it gave cannot be sent: .* could not be cloned/) },
    ],
  ])("%s", async (text, mark) => {
    expect(await marks(acting(), text, "good")).toEqual([mark, { value: 4 }]);
  });

  it.each([
    ["short", "given 0 values, wanted 1, one a completion"],
    ["noTask", expect.stringMatching(/^called with a batch it gave number, wanted a TaskEither: perCompletion/)],
    ["noEither", "its task gave no Either of a list"],
  ])("no reward: %s", async (name, failure: unknown) => {
    expect(await marks(acting({ export: name }), "good")).toEqual([{ value: null, failure }]);
  });

  it("with its parts, where it is asked for them", async () => {
    const options = { module, execArgv: [], milliseconds: 300 };
    const reward = held(isolated({ ...options, parts: ["a", "b"] }));
    expect(reward.parts).toEqual(["a", "b"]);
    const batch = ["scored", "loop", "good"].map((text) => judged(text, {}));
    const failure = "no score within 300 ms: the worker was ended";
    expect(await toPromise(reward(batch))).toEqual([
      { value: 2, parts: { a: 1, b: null }, reasons: { a: "one" }, failures: { b: "gone" } },
      { value: null, parts: { a: null, b: null }, failures: { a: failure, b: failure } },
      { value: 4, parts: { [module]: 4 } },
    ]);
    const unknown = held(isolated({ ...options, parts: [], name: "mine" }));
    expect(await toPromise(unknown([judged("loop", {})]))).toEqual([
      { value: null, parts: { mine: null }, failures: { mine: failure } },
    ]);
  });

  it("and it is told prompt, reference and step, though each is sent once", async () => {
    const reward = acting({ export: "echo" });
    const [a, b, c] = [judged("a", { label: "A" }), judged("b", { label: "B" }), judged("c", "text")];
    const batch = [a, { ...b!, prompt: a!.prompt }, { ...a!, reference: b!.reference }, a, c, c, a];
    for (const context of [{ step: 3 }, undefined]) {
      const found = await toPromise(reward.marks!(batch as never, context));
      expect(found.map(({ reason }) => reason)).toEqual(
        batch.map((each) => JSON.stringify([each!.prompt, each!.reference, context])),
      );
    }
    const odd = { ...a!, reference: { read: () => 1 } };
    expect(await toPromise(reward.marks!([odd, a] as never))).toMatchObject([
      { failure: expect.stringMatching(/^it cannot be sent to a worker: .*could not be cloned/) },
      { reason: JSON.stringify([a!.prompt, a!.reference, null]) },
    ]);
  });
});

describe("a module", () => {
  it("may export what makes the reward", async () => {
    expect(await values(acting({ export: "times", arguments: [3] }), ["good", ""], {})).toEqual([12, 0]);
  });

  it.each<[string, Partial<Omit<IsolatedOptions, "parts">>, RegExp]>([
    [
      "is missing",
      { module: "/absent.mjs" },
      /^reward \/absent\.mjs: \/absent\.mjs cannot be used: Cannot find module/,
    ],
    ["is no program", { module: "data:text/javascript,export default {" }, /cannot be used: .*nexpected/],
    ["throws", { module: "data:text/javascript,throw new Error('boom')" }, /cannot be used: boom$/],
    ["exits", { module: "data:text/javascript,process.exit(2)" }, /the worker ended by itself, with code 2$/],
    ["hangs", { module: "data:text/javascript,for(;;);", startMilliseconds: 300 }, /nothing was loaded within 300 ms$/],
    ["has no such export", { export: "absent" }, /its export absent is undefined, wanted a reward$/],
    ["exports something else", { export: "number" }, /its export number is number, wanted a reward$/],
    ["exports no maker", { export: "number", arguments: [] }, /its export number makes is number, wanted a reward$/],
    ["has flags that Node does not know", { execArgv: ["--absent"] }, /the worker ended by itself, with code 9$/],
  ])("that %s is told so, as the error of the reward", async (_, options, message) => {
    const reward = acting(options);
    await expect(toPromise(reward([judged("good", {}), judged("", {})]))).rejects.toMatchObject({
      _tag: "RewardError",
      message: expect.stringMatching(message),
    });
  });

  it("in TypeScript, and this library: mathEquivalence has the same values", async () => {
    const reward = held(isolated({ module: "@msrl/rewards", export: "mathEquivalence", arguments: [], ...source }));
    const hostile = fc.sample(hostileCompletion(), { numRuns: 100, seed: 1 });
    const pieces = [
      "\\frac{1}{2}",
      "2^{9^{9^9}}",
      "(".repeat(900),
      "1,".repeat(400),
      "x+1",
      "\\sqrt[3]{x}",
      "0.5",
      "170!!!!",
    ];
    const answers = [...pieces, ...hostile].map((text) => `\\boxed{${text}}`);
    for (const answer of ["\\frac12", "x + 1", "none of this"]) {
      const reference = { answer };
      const [there, here] = [
        await values(reward, answers, reference),
        await values(mathEquivalence(), answers, reference),
      ];
      expect(there).toEqual(here);
    }
  });

  it("keeps the laws of a reward", async () => {
    const reward = held(isolated({ module: "@msrl/rewards", export: "accuracy", arguments: [{}], ...source }));
    const results = await checkRewardLaws(reward as never, { bounds: [0, 1], runs: 20 });
    expect(results.filter(({ holds }) => !holds)).toEqual([]);
  });
});

describe("options that cannot be", () => {
  it.each<[string, object]>([
    ['isolated: module is "./mine.mjs", wanted a package, an absolute path or a URL', { module: "./mine.mjs" }],
    ["isolated: module is not given", {}],
    ["isolated: milliseconds is 0, wanted a number of milliseconds from 1", { module, milliseconds: 0 }],
    ["isolated: workers is 0, wanted a whole number of at least 1", { module, workers: 0 }],
    ["isolated: memoryMiB is 0.5, wanted a whole number", { module, memoryMiB: 0.5 }],
    ["isolated: arguments is 5, wanted a list", { module, arguments: 5 }],
    [
      'isolated: arguments is "() => 1 could not be cloned.", wanted values that can be cloned',
      { module, arguments: [() => 1] },
    ],
    ["isolated: parts is a, wanted a list of texts", { module, parts: "a" }],
    ["isolated: timeout is not an option", { module, timeout: 5 }],
  ])("%s", (message, options) => {
    expect(() => isolated(options as { module: string })).toThrow(message.replace("parts is a,", 'parts is "a",'));
  });
});
