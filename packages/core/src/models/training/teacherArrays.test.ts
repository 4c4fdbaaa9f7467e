import { describe, expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import { visionConfig as config, idTokenizer, mixedPrompts, tinyState } from "../../../test/tinyDecoder.js";
import { encodedGroups, losses, right, trainingBatch } from "../../../test/tinyTraining.js";
import { toPromise } from "../../errors.js";
import { and, div, equal, exp, greater, reduceSum, reshape, toModel, where } from "../../graph/index.js";
import type { Loss } from "../../losses/index.js";
import { sgd } from "../../optim/index.js";
import type { TopLogProbs, TrainingBatch } from "../../policy/policy.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { shapeFor } from "../prompts/pack.js";
import { choicesIn, teacherArrays } from "./teacherArrays.js";
import { updateGraph } from "./update.js";

const { device } = testDevice();
const optimizer = { transform: sgd({ learningRate: 0 }) };

/** The mean over tokens of the known mass of the teacher's tokens, weighed by their numbers. */
const reader: Loss = {
  name: "reader",
  options: {},
  needs: ["teacherTop"],
  build: ({ teacherTop, mask, tokens, logProbs }) => {
    const known = and(equal(teacherTop!.logProbs, teacherTop!.logProbs), reshape(greater(mask, 0), [0, 0, 1]));
    const mass = reduceSum(where(known, exp(teacherTop!.logProbs), 0));
    return { loss: reduceSum(where(greater(mask, 0), logProbs, 0)), metrics: { mass: div(mass, tokens) } };
  },
};

const topOf = (tokens: number, count: number, seed: number): TopLogProbs => ({
  count,
  ids: Int32Array.from({ length: tokens * count }, (_, at) => (seed + 3 * at) % config.vocabularySize),
  logProbs: Float32Array.from({ length: tokens * count }, (_, at) =>
    at % 7 === 5 ? Number.NaN : -1 - ((seed + at) % 5),
  ),
});

/** A batch of which every other completion has a teacher, of two tokens or of three. */
const batch: TrainingBatch = trainingBatch(mixedPrompts, 2).map(({ prompt, completions }, group) => ({
  prompt,
  completions: completions.map((each, at) =>
    at === 1 ? each : { ...each, teacherTop: topOf(each.tokenIds.length, 2 + (group % 2), group) },
  ),
}));

const naiveMass = (given: TrainingBatch): number => {
  let [mass, tokens] = [0, 0];
  for (const { tokenIds, mask, teacherTop } of given.flatMap(({ completions }) => completions))
    tokenIds.forEach((_, at) => {
      if (mask?.[at] === 0) return;
      tokens += 1;
      const { count = 0, logProbs = new Float32Array(0) } = teacherTop ?? {};
      for (const x of logProbs.slice(at * count, (at + 1) * count)) mass += Number.isNaN(x) ? 0 : Math.exp(x);
    });
  return mass / tokens;
};

describe("a batch's teacher", () => {
  it.each([16_384, 70])("reaches a loss that reads it, in runs of %i tokens", async (tokensPerRun) => {
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), tokensPerRun });
    const { metrics } = await toPromise(policy.update(tinyState(config, 1), batch, reader, optimizer));
    expect(metrics.mass).toBeCloseTo(naiveMass(batch), 5);
  });

  it("is packed with its own tokens first, NaN wherever there is none", () => {
    const shape = { samples: 1, prefix: 1, steps: 2, patches: 0, choices: 2 };
    const teacherTop = { count: 1, ids: Int32Array.of(4), logProbs: Float32Array.of(-1) };
    const completions = [{ tokenIds: [4], advantage: 0, teacherTop }];
    const { teacher_top_ids: ids, teacher_top_log_probs: logProbs } = teacherArrays(shape, [
      { prompt: mixedPrompts[0]!, completions },
    ]);
    expect([...(ids!.data as Int32Array)]).toEqual([4, 0, 0, 0]);
    expect([...(logProbs!.data as Float32Array)]).toEqual([-1, Number.NaN, Number.NaN, Number.NaN]);
    expect(choicesIn(reader, batch)).toBe(3);
  });

  it("changes no byte of the graph of a loss that does not read it", () => {
    const shape = shapeFor(encodedGroups(config, batch));
    const types = Object.entries(tinyState(config, 1).parameters).map(([group, { length }]) => [
      group,
      { dtype: "float32" as const, shape: [length] },
    ]);
    const held = optimizer.transform.init(Object.fromEntries(types));
    for (const loss of losses) {
      expect(choicesIn(loss, batch)).toBe(0);
      const [without, beside] = [shape, { ...shape, choices: 3 }].map((each) =>
        right(toModel({ name: "update", outputs: updateGraph(config, each, loss, optimizer, held) })),
      );
      expect(beside!.hash).toBe(without!.hash);
      expect(Object.keys(without!.inputs).filter((name) => name.startsWith("teacher"))).toEqual([]);
    }
  });

  it("is refused by name where it is missing or does not fit", async () => {
    const policy = decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), name: "pupil" });
    const refusal = async (teacherTop: TopLogProbs | undefined) => {
      const completions = [{ tokenIds: [5, 2], advantage: 0, ...(teacherTop && { teacherTop }) }];
      const given = [{ prompt: mixedPrompts[1]!, completions }];
      const result = await policy.update(tinyState(config, 1), given, reader, optimizer)();
      return result._tag === "Left" ? result.left.message : "";
    };
    expect(await refusal(undefined)).toBe(
      "policy pupil: loss reader reads teacherTop, which no completion of the batch has",
    );
    const fits = topOf(2, 2, 1);
    expect(await refusal({ ...fits, ids: fits.ids.slice(1) })).toMatch(
      /prompt words, completion 1, teacherTop: 3 numbers given for 2 tokens of 2 each/,
    );
    expect(await refusal({ ...fits, ids: Int32Array.of(1, 2, 3, 23) })).toMatch(/teacherTop: token 23 given/);
    expect(await refusal(fits)).toBe("");
  });
});
