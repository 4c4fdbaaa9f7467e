import { argMax, cast, concat, type Expr, gatherElements, input, logSoftmax, reshape } from "@msrl/core/graph";
import { type DistillationLoss, type DistillationOptions, generalisedJsd, reverseKl } from "@msrl/distill";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../packages/core/test/testDevice.js";
import { goldenCases, shapeOf, skipCases } from "./golden.js";
import {
  type Case,
  checkLoss,
  countOf,
  type DistillationCaseOptions,
  kindOf,
  sampledKinds,
} from "./trlDistillation.js";

const cases = goldenCases<DistillationCaseOptions>("distillation");
const of = (...kinds: readonly string[]): readonly Case[] => cases.filter((one) => kinds.includes(kindOf(one)));
const check = checkLoss(testDevice().evaluate);

/** TRL's names of what a divergence becomes: without labels its `batchmean` divides by sequences. */
const reductionOf = ({ options, name, inputs }: Case): DistillationOptions["reduction"] => {
  if (options.reduction === "sum") return "sum";
  if (options.reduction === "mean") return "elementMean";
  const whole = options.labels === null || (name.startsWith("minillm") && inputs.mask === undefined);
  return whole ? "sequenceSum" : "tokenMean";
};

const settingsOf = (one: Case): Partial<DistillationOptions> => {
  const { options } = one;
  return {
    temperature: options.temperature ?? options.kd_temperature ?? 1,
    reduction: reductionOf(one),
    ...(options.top_k !== undefined && { topK: options.top_k, tail: options.add_tail! }),
    ...(one.name.startsWith("sdft_topk") && { support: "student" as const }),
  };
};

const divergences: Readonly<Record<string, (one: Case) => DistillationLoss>> = {
  gkd: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.beta! }),
  topk: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.beta! }),
  sdft_topk: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.alpha! }),
  sdft_full: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.alpha! }),
  "minillm/single_step": (one) => reverseKl(settingsOf(one)),
};

const isPerToken = ({ expected }: Case): boolean => shapeOf(expected.loss ?? expected.per_token).length > 0;

describe("divergences equal those of TRL", () => {
  it.each(of(...Object.keys(divergences)))("$name", async (one) => {
    const loss = divergences[kindOf(one)]!(one);
    await check(one, (studentLogits, teacherLogits, mask) => {
      const inputs = { studentLogits, teacherLogits, mask, ...countOf(one) };
      return isPerToken(one) ? loss.perToken(inputs).values : loss.build(inputs).loss;
    });
  });

  it.each(of("sparse_top1"))("$name", async (one) => {
    const { beta, add_tail: tail, reverse_kl_top_1_mode: mode } = one.options;
    const loss = generalisedJsd({ beta: beta!, tail: tail!, teacher: "tokens" });
    await check(one, (studentLogits, teacherLogits, mask) => {
      const column = (x: Expr): Expr => reshape(x, [0, 0, 1]);
      const likeliest = (logits: Expr): Expr => cast(column(argMax(logits, 2)), "int32");
      const own = mode === "argmax" ? likeliest(studentLogits) : column(input("tokens", "int32", mask.shape));
      const teacherTokens = beta === 1 ? own : concat([likeliest(teacherLogits), own], 2);
      const teacherLogProbs = gatherElements(logSoftmax(teacherLogits), teacherTokens, 2);
      return loss.build({ studentLogits, teacherTokens, teacherLogProbs, mask }).loss;
    });
  });
});

describe("cases of no known kind", () => {
  const known = [...Object.keys(divergences), "sparse_top1"];
  it("are none of these", () => expect(cases.length).toBeGreaterThan(0));

  const others = cases.filter((one) => !sampledKinds.includes(kindOf(one)));
  skipCases(others, (one) => (known.includes(kindOf(one)) ? undefined : "no such distillation loss"));
});
