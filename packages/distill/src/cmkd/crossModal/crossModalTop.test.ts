import { key, toPromise } from "@msrl/core";
import type { DecoderState } from "@msrl/core/models";
import { adamw } from "@msrl/core/optim";
import type { TopLogProbs, TrainingBatch } from "@msrl/core/policy";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { characters, scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { testDevice } from "../../../test/testDevice.js";
import { ask, tinyPolicy, tinyVocabulary } from "../../../test/tinyPolicy.js";
import {
  crossModalBatch,
  crossModalKl,
  type DistillationLoss,
  forwardKl,
  generalisedJsd,
  insertCaption,
  policyDistillation,
  reverseKl,
  withTeacherTop,
} from "../../index.js";

const { device } = testDevice();

const trace = "<tink>b</tink> <awer>a</awer>";
const prompt = ask("s1", "ab");
const asked = ask("s1", "abcd");
const example = { prompt, asked, completion: insertCaption()(trace, "a c"), weight: 0.5 };
const optimizer = { transform: adamw({ learningRate: 0.02 }) };

/** A scripted teacher that tells three tokens: the one given, the next two, by places that hang on the prompt. */
const told = (ids: readonly number[]): TopLogProbs => ({
  count: 3,
  ids: Int32Array.from(ids.flatMap((id) => [id, id + 1, id + 2])),
  logProbs: Float32Array.from(ids.flatMap((_, at) => [-0.5 - at / 8, -2, -3])),
});

describe("crossModalBatch with top", () => {
  const calls: string[] = [];
  const plain = scriptedTeacher(
    () => ["?"],
    (verb) => calls.push(verb),
  );
  const policy = {
    ...plain,
    topLogProbs: (_: null, sequences: Parameters<NonNullable<typeof plain.topLogProbs>>[1]) => {
      calls.push(`top of ${sequences.map(({ completions }) => completions.length)}`);
      return TE.right(sequences.map(({ completions }) => completions.map(told)));
    },
  };
  const step = { policy: plain, state: null, key: key(4) };

  it("puts the teacher's likeliest tokens of the trace where the student has the same tokens, NaN at the caption", async () => {
    const make = crossModalBatch({ teacher: { policy, state: null }, top: { topK: 3 } });
    const [group, other] = await make([example, { ...example, prompt: ask("s2", "b") }], step);
    expect(calls).toEqual(["top of 1"]); // the same trace of the same prompt, once
    const { tokenIds, advantage, teacherTop, referenceLogProbs } = group!.completions[0]!;
    expect(referenceLogProbs).toEqual(tokenIds.map(() => Number.NaN)); // a loss over them reads that none is known
    const wanted = told(characters(trace));
    const caption = tokenIds.length - characters(trace).length;
    const rows = tokenIds.map((_, at) => Array.from(teacherTop!.logProbs.subarray(3 * at, 3 * at + 3)));
    const known = tokenIds.map((_, at) => at).filter((at) => !rows[at]!.some(Number.isNaN));
    expect(known.length).toBe(tokenIds.length - caption);
    expect(known.flatMap((at) => rows[at])).toEqual([...wanted.logProbs]);
    expect(known.flatMap((at) => [...teacherTop!.ids.subarray(3 * at, 3 * at + 3)])).toEqual([...wanted.ids]);
    expect(advantage).toEqual(tokenIds.map((_, at) => (known.includes(at) ? 0 : 0.5)));
    expect(other!.completions[0]!.teacherTop).toEqual(teacherTop);
  });

  it("has the teacher tell of what the student writes itself, of a trace that was cut off its end alone", async () => {
    const drawn = scriptedTeacher(() => ["<caption> never en"]);
    const make = crossModalBatch({ teacher: { policy, state: null }, top: { topK: 3 }, onPolicy: 1 });
    const [group] = await make([example], { policy: drawn, state: null, key: key(4) });
    const { tokenIds, teacherTop } = group!.completions[0]!;
    const known = [...teacherTop!.logProbs].map((each) => !Number.isNaN(each));
    expect(known).toEqual([...Array(3 * tokenIds.length - 3).fill(false), true, true, true]);
  });

  it("names a teacher that cannot tell them", () => {
    expect(() => crossModalBatch({ teacher: { policy: plain, state: null }, top: { topK: 3 } })).toThrow(
      "crossModalBatch: teacher is policy scripted, which has no topLogProbs, wanted a policy that has it",
    );
    expect(() => withTeacherTop({ policy: {}, state: null }, { topK: 3 })).toThrow(
      /policy without a name, which has no/,
    );
  });

  it("asks nothing where there is nothing", async () => {
    calls.length = 0;
    const teacher = { policy, state: null };
    expect(await crossModalBatch({ teacher, top: { topK: 3 } })([], step)).toEqual([]);
    expect(await withTeacherTop(teacher, { topK: 3 })([])).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe("crossModalKl over distributions", () => {
  it("is the supervised part and the weighted divergence, named", async () => {
    const policy = tinyPolicy(await device());
    const [student, state] = await Promise.all([1, 2].map((seed) => toPromise(policy.init(key(seed)))));
    const divergence = generalisedJsd({ teacher: "tokens", beta: 0.3 });
    const loss = crossModalKl({ divergence, weight: 2 });
    expect(loss.name).toBe("cross_modal_kl");
    expect(loss.options).toMatchObject({ divergence: "generalised_jsd", weight: 2, "generalised_jsd.beta": 0.3 });
    const batch = await crossModalBatch({ teacher: { policy, state: state! }, top: { topK: 5 } })([example], {
      ...{ policy, state: student!, key: key(1) },
    });
    const metricsOf = async (of: typeof loss) =>
      (await toPromise(policy.update(student!, batch, of, optimizer))).metrics;
    const [whole, alone] = [await metricsOf(loss), await metricsOf(policyDistillation(divergence))];
    const [{ tokenIds, advantage }] = batch[0]!.completions as [TrainingBatch[number]["completions"][number]];
    const scored = await toPromise(policy.logProbs(student!, [{ prompt, completions: [tokenIds] }]));
    const supervised = (advantage as readonly number[]).reduce((sum, w, at) => sum - w * scored[0]![0]![at]!, 0);
    expect(whole.loss).toBeCloseTo(supervised / tokenIds.length + 2 * alone.divergence!, 5);
    expect(whole.divergence).toBeCloseTo(alone.divergence!, 6);
    expect(alone.teacher_known).toBeCloseTo(characters(trace).length / tokenIds.length, 6);
    expect(alone.teacher_mass! / alone.teacher_known!).toBeLessThan(1);
  });

  it("names a divergence that cannot be", () => {
    expect(() => crossModalKl({ divergence: forwardKl() })).toThrow(
      'crossModalKl: divergence is forward_kl over the teacher\'s logits, wanted teacher: "tokens"',
    );
    expect(() => crossModalKl({ divergence: {} as DistillationLoss })).toThrow(
      /divergence is .*, or a distillation loss/,
    );
  });
});

describe("a student on the tiny decoder", () => {
  it.each([
    ["forward", forwardKl({ teacher: "tokens" }), 4],
    ["reverse", reverseKl({ teacher: "tokens" }), 4],
    ["jsd at a temperature, of all words", generalisedJsd({ teacher: "tokens", temperature: 2 }), tinyVocabulary],
  ] as const)("comes nearer to a teacher that reads something else: %s", async (_, divergence, topK) => {
    const policy = tinyPolicy(await device());
    const teacher = { policy, state: await toPromise(policy.init(key(2))) };
    const top = { topK, temperature: Number(divergence.options.temperature) };
    const loss = crossModalKl({ divergence });
    const make = crossModalBatch({ teacher, top, rest: 0 });
    let state: DecoderState = await toPromise(policy.init(key(1)));
    const found: number[] = [];
    for (let at = 0; at < 12; at++) {
      const batch = await make([example], { policy, state, key: key(at) });
      const updated = await toPromise(policy.update(state, batch, loss, optimizer));
      state = updated.state;
      found.push(updated.metrics.divergence!);
    }
    expect(found[0]).toBeGreaterThan(0.005);
    expect(found.at(-1)!).toBeLessThan(0.5 * found[0]!);
  });

  it("stays what it is where it is the teacher and reads the same: on its own samples too", async () => {
    const policy = tinyPolicy(await device());
    const state = await toPromise(policy.init(key(3)));
    const sampling = { samples: 3, temperature: 1, maxTokens: 9 };
    const [rollout] = await toPromise(policy.sample(state, [prompt], sampling, key(5)));
    const completions = rollout!.completions.map(({ tokenIds }) => ({ tokenIds, advantage: 0 }));
    for (const topK of [3, tinyVocabulary]) {
      const batch = await withTeacherTop({ policy, state }, { topK })([{ prompt, completions }]);
      const loss = policyDistillation(generalisedJsd({ teacher: "tokens" }));
      const { metrics } = await toPromise(policy.update(state, batch, loss, optimizer));
      expect(Math.abs(metrics.loss!)).toBeLessThan(1e-6);
      expect(metrics.gradient_norm).toBeLessThan(1e-4);
      if (topK === tinyVocabulary) expect(metrics.teacher_mass).toBeCloseTo(1, 5);
    }
  });

  it.each([
    ["all weights", undefined, "float32"],
    ["an adapter", { rank: 2, alpha: 4 }, "float32"],
    ["an adapter, in float16", { rank: 2, alpha: 4 }, "float16"],
  ] as const)("learns the same where logits are made a chunk at a time: %s", async (_, lora, compute) => {
    const whole = tinyPolicy(await device());
    const { tensors: base } = await toPromise(whole.save(await toPromise(whole.init(key(1)))));
    const policy = tinyPolicy(await device(), { base, ...(lora && { lora }), compute });
    const state = await toPromise(policy.init(key(6)));
    const teacher = { policy: whole, state: await toPromise(whole.init(key(2))) };
    const batch = await crossModalBatch({ teacher, top: { topK: 4 } })([example], { policy, state, key: key(1) });
    const divergence = reverseKl({ teacher: "tokens" });
    const [one, chunked] = await Promise.all(
      [{}, { wholeUpTo: 0, rowsPerChunk: 8 }].map((options) =>
        toPromise(policy.update(state, batch, policyDistillation(divergence, options), optimizer)),
      ),
    );
    for (const [name, value] of Object.entries(one!.metrics))
      expect(chunked!.metrics[name], name).toBeCloseTo(value, compute === "float16" ? 3 : 5);
    expect(one!.metrics.gradient_norm).toBeGreaterThan(0.001);
  });
});
