import { int32 } from "@msrl/core";
import { type Expr, grad, input, matmul } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { adaptiveKlMix } from "./adaptiveKlMix.js";
import { distillationFromHidden } from "./distillationFromHidden.js";
import type { DistillationLoss } from "./distillationLoss.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { reverseKl } from "./reverseKl.js";
import { skewKl } from "./skewKl.js";

const { evaluate, gradientError } = testDevice();
const [batch, time, vocabulary, width, wider] = [2, 3, 7, 4, 5];

/** Inputs whose rows are known or, as in a saved model, named. */
const inputsOf = (lead: readonly (number | string)[]) => {
  const states = (name: string, size: number) => input(`${name}.states`, "float64", [...lead, size]);
  const head = (name: string, size: number) => input(`${name}.head`, "float64", [vocabulary, size]);
  return {
    student: { states: states("student", width), head: head("student", width) },
    teacher: { states: states("teacher", wider), head: head("teacher", wider) },
    mask: input("mask", "float64", lead),
    weights: input("weights", "float64", lead),
  };
};

const wave = (count: number, by: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => Math.sin(at * by + by) * 1.5);

const feeds = {
  "student.states": float64([batch, time, width], wave(batch * time * width, 1.7)),
  "teacher.states": float64([batch, time, wider], wave(batch * time * wider, 2.3)),
  "student.head": float64([vocabulary, width], wave(vocabulary * width, 0.9)),
  "teacher.head": float64([vocabulary, wider], wave(vocabulary * wider, 3.1)),
  mask: float64([batch, time], [1, 1, 0, 1, 0, 1]),
  weights: float64([batch, time], [1, 0.5, 9, 2, 9, 0.1]),
};

const losses: readonly DistillationLoss[] = [
  forwardKl({ temperature: 2 }),
  reverseKl({ topK: 3, reduction: "sequenceMean" }),
  generalisedJsd({ beta: 0.3, reportEntropy: true, reduction: "elementMean" }),
  generalisedJsd({ topK: 2, tail: false, reduction: "sum" }),
  skewKl({ reduction: "sequenceSum" }),
  adaptiveKlMix(),
];

const outputsOf = (
  { loss, metrics }: { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> },
  wrt: readonly Expr[],
) => ({ loss, ...metrics, ...Object.fromEntries(grad(loss, wrt).map((slope, at) => [`d${at}`, slope])) });

const whole = (loss: DistillationLoss) => {
  const { student, teacher, mask, weights } = inputsOf([batch, time]);
  const logits = ({ states, head }: typeof student): Expr => matmul(states, head, { transB: true });
  const built = loss.build({ studentLogits: logits(student), teacherLogits: logits(teacher), mask, weights });
  return outputsOf(built, [student.states, student.head]);
};

const chunked = (loss: DistillationLoss, rowsPerChunk: number, lead: readonly (number | string)[]) => {
  const inputs = inputsOf(lead);
  const { student } = inputs;
  return outputsOf(distillationFromHidden(loss, { rowsPerChunk })(inputs), [student.states, student.head]);
};

describe("distillationFromHidden", () => {
  it.each(losses)("$name $options: in chunks it is what it is whole, gradients and metrics too", async (loss) => {
    const wanted = await evaluate(whole(loss), feeds);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.boolean(), async (size, named) => {
        const actual = await evaluate(chunked(loss, size, named ? ["batch", "time"] : [batch, time]), feeds);
        for (const [name, value] of Object.entries(wanted))
          numbers(actual[name]).forEach((x, at) => {
            expect(x, `${name} ${at}`).toBeCloseTo(numbers(value)[at]!, 12);
          });
      }),
      { numRuns: 6 },
    );
  });

  it("takes a teacher of whom few tokens are known", async () => {
    const { student, mask } = inputsOf([batch, time]);
    const [tokens, logProbs] = [
      input("tokens", "int32", [batch, time, 2]),
      input("logProbs", "float64", [batch, time, 2]),
    ];
    const loss = generalisedJsd({ teacher: "tokens" });
    const studentLogits = matmul(student.states, student.head, { transB: true });
    const wrt = [student.states, student.head];
    const whole = loss.build({ studentLogits, teacherTokens: tokens, teacherLogProbs: logProbs, mask });
    const parts = distillationFromHidden(loss, { rowsPerChunk: 4 })({ student, teacher: { tokens, logProbs }, mask });
    const known = {
      tokens: int32([batch, time, 2], [0, 1, 2, 2, -100, -100, 5, 6, -100, -100, 3, 1]),
      logProbs: float64(
        [batch, time, 2],
        wave(12, 1.1).map((x) => x - 2.5),
      ),
    };
    const wanted = await evaluate(outputsOf(whole, wrt), { ...feeds, ...known });
    const actual = await evaluate(outputsOf(parts, wrt), { ...feeds, ...known });
    for (const [name, value] of Object.entries(wanted))
      numbers(actual[name]).forEach((x, at) => {
        expect(x, `${name} ${at}`).toBeCloseTo(numbers(value)[at]!, 12);
      });
  });

  it("has the gradient of central differences", async () => {
    const inputs = inputsOf([batch, time]);
    const { loss } = distillationFromHidden(generalisedJsd(), { rowsPerChunk: 4 })(inputs);
    for (const wrt of [inputs.student.states, inputs.student.head])
      expect(await gradientError(loss, wrt, feeds)).toBeLessThan(1e-8);
  });

  it("does not see what is masked, be it NaN", async () => {
    const spoiled = numbers(feeds["student.states"]).map((x, at) =>
      numbers(feeds.mask)[Math.floor(at / width)] === 0 ? Number.NaN : x,
    );
    const graph = chunked(generalisedJsd(), 4, ["batch", "time"]);
    const clean = await evaluate(graph, feeds);
    const result = await evaluate(graph, { ...feeds, "student.states": float64([batch, time, width], spoiled) });
    expect(result).toEqual(clean);
  });

  it("gives a frozen head no gradient", async () => {
    const inputs = inputsOf([batch, time]);
    const { loss } = distillationFromHidden(forwardKl(), { head: "frozen", rowsPerChunk: 2 })(inputs);
    const { d0, d1 } = await evaluate(
      outputsOf({ loss, metrics: {} }, [inputs.student.states, inputs.student.head]),
      feeds,
    );
    const { d0: wanted } = await evaluate(whole(forwardKl()), feeds);
    numbers(d0).forEach((x, at) => {
      expect(x).toBeCloseTo(numbers(wanted)[at]!, 12);
    });
    expect(numbers(d1).every((x) => x === 0)).toBe(true);
  });

  it("names an option that cannot be", () => {
    expect(() => distillationFromHidden(forwardKl(), { rowsPerChunk: 0 })).toThrow(/rowsPerChunk is 0/);
  });
});
