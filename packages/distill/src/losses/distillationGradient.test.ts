import { toPromise } from "@msrl/core";
import { type Expr, value } from "@msrl/core/graph";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { kl, softmax } from "../../test/distributions.js";
import { testDevice } from "../../test/testDevice.js";
import { type DistillationArrays, distillationGradient, distillationGradientTask } from "./distillationGradient.js";
import { distillationModel } from "./distillationModel.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { hiddenDistillationGradient, hiddenDistillationModel } from "./hiddenDistillationGradient.js";

const { device } = testDevice();
const wave = (count: number, by: number) => Array.from({ length: count }, (_, at) => Math.sin(at * by + by) * 2);
const arrays: DistillationArrays = {
  batch: 2,
  time: 3,
  vocabulary: 5,
  studentLogits: wave(30, 1.7),
  teacherLogits: wave(30, 2.3),
  mask: [1, 1, 0, 1, 1, 1],
};

describe("distillationGradient", () => {
  it("gives loss, gradient and metrics over plain arrays", async () => {
    const gradientOf = distillationGradient(forwardKl(), await device());
    const { loss, gradient, metrics } = await gradientOf(arrays);
    const row = (x: ArrayLike<number>, at: number) => softmax(Array.from(x).slice(at * 5, at * 5 + 5));
    const [s, t] = [arrays.studentLogits, arrays.teacherLogits!].map((x) => wave(6, 1).map((_, at) => row(x, at)));
    const counted = [0, 1, 3, 4, 5];
    const naive = counted.reduce((sum, at) => sum + kl(t![at]!, s![at]!), 0) / 5;
    expect(loss).toBeCloseTo(naive, 6);
    expect(metrics).toEqual({ divergence: loss });
    gradient.forEach((slope, at) => {
      const token = Math.floor(at / 5);
      const wanted = counted.includes(token) ? (s![token]![at % 5]! - t![token]![at % 5]!) / 5 : 0;
      expect(slope).toBeCloseTo(wanted, 6);
    });
    const again = await gradientOf({ ...arrays, studentLogits: Float32Array.from(arrays.studentLogits) });
    expect(again.gradient).toEqual(gradient);
  });

  it("adds up over micro-batches that know what the whole update counts", async () => {
    const gradientOf = distillationGradient(generalisedJsd({ reduction: "sequenceMean" }), await device());
    const whole = await gradientOf(arrays);
    const parts = await Promise.all(
      [0, 1].map((row) => {
        const cut = (x: ArrayLike<number>) => Array.from(x).slice((x.length / 2) * row, (x.length / 2) * (row + 1));
        const [studentLogits, teacherLogits] = [cut(arrays.studentLogits), cut(arrays.teacherLogits!)];
        const mask = cut(arrays.mask!);
        return gradientOf({ ...arrays, batch: 1, studentLogits, teacherLogits, mask, tokens: 5, sequences: 2 });
      }),
    );
    expect(parts[0]!.loss + parts[1]!.loss).toBeCloseTo(whole.loss, 6);
    for (const [at, slope] of parts.flatMap(({ gradient }) => [...gradient]).entries())
      expect(slope).toBeCloseTo(whole.gradient[at]!, 7);
  });

  it("takes a teacher of whom few tokens are known, and weights", async () => {
    const gradientOf = distillationGradient(forwardKl({ teacher: "tokens" }), await device());
    const teacher = { choices: 1, teacherTokens: [1, 3], teacherLogProbs: [Math.log(0.5), Math.log(0.25)] };
    const logits = { batch: 1, time: 2, vocabulary: 4, studentLogits: [0, 0, 0, 0, 0, 0, 0, 0] };
    const { loss } = await gradientOf({ ...logits, ...teacher, weights: [2, 1] });
    expect(loss).toBeCloseTo((2 * kl([0.5, 0.5], [0.25, 0.75]) + 0) / 2, 6);
  });

  it("is the value that core's value gives of the same expression", async () => {
    const loss = generalisedJsd({ topK: 2 });
    const array = (data: ArrayLike<number>, ...shape: readonly number[]) => ({ shape, data: Float32Array.from(data) });
    type Logits = Readonly<Record<"studentLogits" | "teacherLogits" | "mask", Expr>>;
    const alone = await value(
      (logits: Logits) => loss.build(logits).loss,
      await device(),
    )({
      studentLogits: array(arrays.studentLogits, 2, 3, 5),
      teacherLogits: array(arrays.teacherLogits!, 2, 3, 5),
      mask: array(arrays.mask!, 2, 3),
    });
    const { loss: whole } = await distillationGradient(loss, await device())(arrays);
    expect(alone.data[0]).toBeCloseTo(whole, 6);
  });

  it("lists every array that does not fit, and every size", async () => {
    const run = async (given: Partial<DistillationArrays>, teacher: "logits" | "tokens" = "logits") => {
      const result = await distillationGradientTask(forwardKl({ teacher }), await device())({ ...arrays, ...given })();
      return E.isLeft(result) ? result.left.message.split("\n") : [];
    };
    expect(await run({ teacherLogits: [1], mask: [1, 1], tokens: -1 })).toEqual([
      "distillationGradient: mask: 2 numbers given, 6 numbers [2, 3] wanted",
      "distillationGradient: teacherLogits: 1 numbers given, 30 numbers [2, 3, 5] wanted",
      "distillationGradient: tokens: -1 given, a finite number of at least 0 wanted",
    ]);
    expect(await run({ batch: 1.5 })).toEqual([
      "distillationGradient: batch: 1.5 given, a whole number of at least 0 wanted",
    ]);
    expect((await run({}, "tokens"))[0]).toMatch(/choices: NaN given/);
    expect((await run({ choices: 1 }, "tokens"))[0]).toMatch(/teacherTokens: nothing given, 6 numbers/);
  });

  it("gives 0 for arrays without a sequence", async () => {
    const gradientOf = distillationGradient(forwardKl(), await device());
    const none = { batch: 0, time: 3, vocabulary: 5, studentLogits: [], teacherLogits: [] };
    const { loss, gradient } = await gradientOf(none);
    expect([loss, gradient.length]).toEqual([0, 0]);
  });
});

describe("hiddenDistillationGradient", () => {
  it("is that of the logits, brought back through the heads", async () => {
    const [states, head] = [wave(12, 0.7), wave(10, 1.1)];
    const product = (x: readonly number[], w: readonly number[], width: number) =>
      wave(30, 1).map((_, at) => {
        const [row, word] = [Math.floor(at / 5), at % 5];
        return Array.from({ length: width }, (_, h) => x[row * width + h]! * w[word * width + h]!).reduce(
          (a, b) => a + b,
          0,
        );
      });
    const [teacherStates, teacherHead] = [wave(18, 2.1), wave(15, 0.3)];
    const { batch, time, vocabulary } = arrays;
    const mask = arrays.mask!;
    const loss = generalisedJsd({ temperature: 1.5 });
    const whole = await distillationGradient(
      loss,
      await device(),
    )({
      ...{ batch, time, vocabulary, mask },
      studentLogits: product(states, head, 2),
      teacherLogits: product(teacherStates, teacherHead, 3),
    });
    const given = { studentWidth: 2, studentStates: states, studentHead: head };
    const taught = { teacherWidth: 3, teacherStates, teacherHead };
    const gradientOf = hiddenDistillationGradient(loss, await device(), { rowsPerChunk: 4 });
    const result = await gradientOf({ batch, time, vocabulary, mask, ...given, ...taught });
    expect(result.loss).toBeCloseTo(whole.loss, 6);
    result.statesGradient.forEach((slope, at) => {
      const [row, h] = [Math.floor(at / 2), at % 2];
      const wanted = [0, 1, 2, 3, 4].reduce((sum, v) => sum + whole.gradient[row * 5 + v]! * head[v * 2 + h]!, 0);
      expect(slope).toBeCloseTo(wanted, 6);
    });
    result.headGradient!.forEach((slope, at) => {
      const [v, h] = [Math.floor(at / 2), at % 2];
      const wanted = [0, 1, 2, 3, 4, 5].reduce(
        (sum, row) => sum + whole.gradient[row * 5 + v]! * states[row * 2 + h]!,
        0,
      );
      expect(slope).toBeCloseTo(wanted, 6);
    });
  });

  it("lists arrays that do not fit", async () => {
    const gradientOf = hiddenDistillationGradient(forwardKl(), await device());
    const sizes = { batch: 1, time: 1, vocabulary: 2, studentWidth: 1, teacherWidth: 1 };
    const given = { studentStates: [1], studentHead: [1], teacherStates: [1], teacherHead: [1, 2] };
    await expect(gradientOf({ ...sizes, ...given })).rejects.toMatchObject({
      _tag: "BadArrays",
      message: "hiddenDistillationGradient: studentHead: 1 numbers given, 2 numbers [2, 1] wanted",
    });
  });
});

describe("models", () => {
  it("are the same bytes for the same loss, with named batch and time", async () => {
    const made = () => distillationModel(generalisedJsd(), { vocabulary: 7 });
    const [one, other] = [made(), made()];
    if (E.isLeft(one) || E.isLeft(other)) throw new Error("no model");
    expect(one.right.hash).toBe(other.right.hash);
    expect(one.right.inputs.studentLogits?.shape).toEqual(["batch", "time", 7]);
    const frozen = hiddenDistillationModel(
      forwardKl(),
      { vocabulary: 7, studentWidth: 2, teacherWidth: 3 },
      { head: "frozen" },
    );
    if (E.isLeft(frozen)) throw new Error("no model");
    expect(Object.keys(frozen.right.outputs)).toEqual(["loss", "gradient.states", "metric.divergence"]);
    await toPromise((await device()).compile(frozen.right));
    expect(() => distillationModel(forwardKl(), { vocabulary: 0 })).toThrow(/vocabulary is 0/);
  });
});
