import type { Reward } from "@msrl/core";
import { describe, expect, it } from "vitest";
import {
  byTask,
  choose,
  curriculum,
  format,
  fromMarks,
  gatedProduct,
  letterVerdict,
  mapValue,
  maxOf,
  minOf,
  onlyBlock,
  orderFlipConsistency,
  parseTags,
  perCompletion,
  perCompletionTask,
  perGroup,
  positionConsistency,
  rewardMonoid,
  sentenceVerdict,
  taskType,
  total,
  verdict,
  weightedSum,
  when,
  withTimeout,
} from "../index.js";

/** What is given where something else is wanted. */
const no = (junk: unknown): never => junk as never;

const one = perCompletion("one", () => 1);
const part = { reward: one, weight: 1 };

describe("arguments that cannot be are ConfigurationErrors that name their field", () => {
  it.each<[string, () => unknown]>([
    ["choose: key is null, wanted a function", () => choose(no(null), { a: one })],
    ["choose: cases is null, wanted an object", () => choose(() => "a", no(null))],
    ["choose: cases is a list, wanted an object", () => choose(() => "a", no([one]))],
    ["choose: a is 5, wanted a reward", () => choose(() => "a", { a: no(5) })],
    ["choose: otherwise is 5, wanted a reward", () => choose(() => "a", { a: one }, { otherwise: no(5) })],
    ["choose: options is null, wanted an object", () => choose(() => "a", { a: one }, no(null))],
    ["choose: othrwise is not an option", () => choose(() => "a", { a: one }, no({ othrwise: one }))],
    ["byTask: cases is not given, wanted an object", () => byTask(no(undefined))],
    ["curriculum: points is null, wanted at least one", () => curriculum(no(null))],
    ["curriculum: points is 5, wanted at least one", () => curriculum(no(5))],
    ["curriculum: points[1] is null, wanted [step, weight]", () => curriculum([[0, 1], no(null)])],
    ["curriculum: points[0] is a list, wanted [step, weight]", () => curriculum([no([0, 1, 2])])],
    ["curriculum: points[0] is [0, x], wanted two finite numbers", () => curriculum([no([0, "x"])])],
    ["when: predicate is true, wanted a function", () => when(no(true), one)],
    ["when: reward is null, wanted a reward", () => when(() => true, no(null))],
    ["weightedSum: parts is null, wanted an object", () => weightedSum(no(null))],
    ["weightedSum: parts is a list, wanted an object", () => weightedSum(no([part]))],
    ["weightedSum: x is null, wanted a part: { reward, weight }", () => weightedSum({ x: no(null) })],
    ["weightedSum: x is 5, wanted a part: { reward, weight }", () => weightedSum({ x: no(5) })],
    ["gatedProduct: options is null, wanted an object", () => gatedProduct(no(null))],
    ["gatedProduct: result is null, wanted a part: { reward }", () => gatedProduct({ result: no(null) })],
    ["gatedProduct: result.reward is not given, wanted a reward", () => gatedProduct({ result: no({}) })],
    ["wanted an object of one or more parts, or nothing", () => gatedProduct({ result: part, gated: no([part]) })],
    ["gatedProduct: result.weight is 2, wanted none", () => gatedProduct({ result: { ...part, weight: 2 } })],
    ["gatedProduct: gated is {}, wanted", () => gatedProduct({ result: part, gated: {} })],
    ["gatedProduct: added is {}, wanted", () => gatedProduct({ result: part, added: {} })],
    ["gatedProduct: added is null, wanted", () => gatedProduct({ result: part, added: no(null) })],
    ["gatedProduct: gated.x is null, wanted a part", () => gatedProduct({ result: part, gated: { x: no(null) } })],
    ["minOf: rewards[1] is null, wanted a reward", () => minOf(one, no(null))],
    ["maxOf: rewards[0] is 5, wanted a reward", () => maxOf(no(5))],
    ["mapValue: change is 5, wanted a function", () => mapValue(no(5))],
    ["mapValue: reward is null, wanted a reward", () => mapValue((value) => value)(no(null))],
    ["withTimeout: reward is null, wanted a reward", () => withTimeout({ milliseconds: 5 })(no(null))],
    ["perCompletion: score is null, wanted a function", () => perCompletion("x", no(null))],
    ["perCompletion: name is 5, wanted a text", () => perCompletion(no(5), () => 1)],
    ["perCompletionTask: score is not given, wanted a function", () => perCompletionTask("x", no(undefined))],
    ["perGroup: score is null, wanted a function", () => perGroup("x", no(null))],
    ["fromMarks: marks is null, wanted a function", () => fromMarks("x", no(null))],
    ["total: scored is null, wanted a reward that tells its parts", () => total(no(null))],
    ["rewardMonoid: second is null, wanted a reward", () => rewardMonoid().concat(one, no(null))],
    ["when: predicate is an object, wanted a function", () => when(no(Object.create(null)), one)],
    ["parseTags: options is null, wanted an object", () => parseTags(no(null))],
    ["format: options is null, wanted an object", () => format(no(null))],
    ["format: caseSensitive is 5, wanted true or false", () => format({ tags: ["a"], caseSensitive: no(5) })],
    ["taskType: options is null, wanted an object", () => taskType(no(null))],
    ["taskType: tag is 5, wanted a name", () => taskType({ tag: no(5) })],
    ["verdict: options is null, wanted an object", () => verdict(no(null))],
    ["verdict: tag is null, wanted a name", () => verdict({ tag: no(null) })],
    ["onlyBlock: options is null, wanted an object", () => onlyBlock(no(null))],
    ["sentenceVerdict: options is null, wanted an object", () => sentenceVerdict(no(null))],
    ["sentenceVerdict: subject is null, wanted a name", () => sentenceVerdict({ subject: no(null) })],
    ["letterVerdict: options is null, wanted an object", () => letterVerdict(no(null))],
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

describe("references that cannot be fail their completion and no other", () => {
  const judged = (letter: string, reference: unknown) => ({
    prompt: { id: "q1", messages: [] },
    completion: { text: `<answer>${letter}</answer>`, tokenIds: [], logProbs: [], truncated: false },
    reference: no(reference),
  });
  const right = [
    judged("A", { pair: "q1", swapped: false, label: "A" }),
    judged("B", { pair: "q1", swapped: true, label: "B" }),
  ];
  const marksOf = async (reward: Reward<never>, reference: unknown) => {
    const given = await reward.marks!([...right, judged("A", reference)])();
    return given._tag === "Right" ? given.right : [];
  };

  it.each<[string, unknown]>([
    ["reference is null, wanted an object", null],
    ["reference is 5, wanted an object", 5],
    ["reference.pair is 5, wanted a text", { pair: 5 }],
    ['reference.swapped is "yes", wanted true or false', { pair: "q1", swapped: "yes" }],
    ["reference.label is 1, wanted one of A, B, tie", { pair: "q1", label: 1 }],
  ])("%s", async (failure, reference) => {
    for (const reward of [positionConsistency(), orderFlipConsistency()])
      expect(await marksOf(reward, reference)).toMatchObject([{ value: 1 }, { value: 1 }, { value: null, failure }]);
  });

  it("what is null in a reference is missing", async () => {
    const nothing = { pair: null, swapped: null, label: null };
    for (const reward of [positionConsistency(), orderFlipConsistency()])
      expect((await marksOf(reward, nothing))[2]).toEqual({ value: null });
  });
});
