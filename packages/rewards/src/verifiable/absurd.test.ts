import { describe, expect, it } from "vitest";
import {
  accuracy,
  choice,
  dimensionAccuracy,
  exactMatch,
  format,
  gsm8k,
  jsonSchema,
  mathEquivalence,
  numeric,
  official,
  onlyBlock,
  pattern,
  selfConsistency,
} from "../index.js";

const judged = (reference: unknown) => ({
  prompt: { id: "q1", messages: [] },
  completion: { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false },
  reference: reference as never,
});

describe("options that cannot be are ConfigurationErrors that name their field", () => {
  it.each<[string, () => unknown]>([
    ["accuracy: right is NaN, wanted a finite number", () => accuracy({ right: Number.NaN })],
    ["accuracy: read is 5, wanted a function", () => accuracy({ read: 5 as never })],
    ["accuracy: rihgt is not an option, wanted one of", () => accuracy({ rihgt: 1 } as never)],
    ["accuracy: options is null, wanted an object", () => accuracy(null as never)],
    ["exactMatch: options is 5, wanted an object", () => exactMatch(5 as never)],
    ["format: tags is not given, wanted one or more", () => format({} as never)],
    ["onlyBlock: tag is null, wanted a name", () => onlyBlock({ tag: null as never })],
    ["mathEquivalence: read is null, wanted a function", () => mathEquivalence({ read: null as never })],
    ["selfConsistency: read is null, wanted a function", () => selfConsistency({ read: null as never })],
    ["jsonSchema: schema is not given, wanted a JSON Schema", () => jsonSchema({} as never)],
    ["pattern: flags is 5, wanted a text", () => pattern({ expression: "a", flags: 5 as never })],
  ])("%s", (message, make) => {
    try {
      make();
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ _tag: "ConfigurationError" });
      expect((error as Error).message).toContain(message);
    }
  });
});

describe("references that cannot be", () => {
  const rewards = { accuracy: accuracy(), exactMatch: exactMatch(), choice: choice(), numeric: numeric() };
  const all = { ...rewards, gsm8k: gsm8k(), mathEquivalence: mathEquivalence(), dimensions: dimensionAccuracy() };
  const nothing = [null, undefined, {}, { answer: null, label: null, dimensions: null }];

  it.each(Object.entries(all))("%s does not apply where there is nothing to judge against", async (_, reward) => {
    expect(await reward(nothing.map(judged))()).toMatchObject({ right: nothing.map(() => null) });
  });

  it("a reference of another kind is a failure that says what was given and wanted", async () => {
    const failure = async (reward: ReturnType<typeof exactMatch>, reference: unknown) =>
      (await reward.marks!([judged(reference)])()) as { right: readonly { failure?: string }[] };
    expect((await failure(accuracy() as never, { label: 1 })).right[0]!.failure).toContain(
      "reference.label is 1, wanted one of A, B, tie",
    );
    for (const reward of [exactMatch(), choice(), mathEquivalence()])
      expect((await failure(reward, { answer: [5] })).right[0]!.failure).toContain(
        "reference.answer is or has 5, wanted a text or a list of texts",
      );
  });

  it("the official rewards give 0 where there is nothing to judge against, and fail where it is of another kind", async () => {
    const odd = [{ label: 5 }, { label: {} }];
    expect(await official.accuracy([...nothing, 5].map(judged))()).toMatchObject({ right: [0, 0, 0, 0, 0] });
    expect(await official.task([...nothing, 5].map(judged))()).toMatchObject({ right: [0, 0, 0, 0, 0] });
    expect(await official.format([...nothing, 5].map(judged))()).toMatchObject({ right: [0, 0, 0, 0, 0] });
    const marks = await official.accuracy.marks!([{ label: "A" }, ...odd].map(judged))();
    expect(marks).toMatchObject({
      right: [
        { value: 1 },
        { failure: expect.stringContaining("reference.label is 5, wanted a text") },
        { value: null },
      ],
    });
    expect(await official.task.marks!([judged({ task: 5 })])()).toMatchObject({
      right: [{ failure: expect.stringContaining("reference.task is 5, wanted a text") }],
    });
  });
});
