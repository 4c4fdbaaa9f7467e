import { grad, input, mul, reduceSum } from "@msrl/core/graph";
import { type KlEstimatorName, klEstimators } from "@msrl/core/kl";
import { describe, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly kind?: string;
  readonly use_bias_correction_kl?: boolean;
}

/** verl's names of the estimators. */
const estimators: Readonly<Record<string, KlEstimatorName>> = {
  kl: "k1",
  k1: "k1",
  k2: "k2",
  mse: "k2",
  k3: "k3",
  low_var_kl: "k3",
};

const isTrl = ({ name }: GoldenCase<Options>): boolean => name.startsWith("trl_k3/");

const estimatorOf = (one: GoldenCase<Options>): KlEstimatorName | undefined =>
  isTrl(one) ? "k3" : estimators[one.options.kind ?? ""];

/** Why a case is none of the three estimators; undefined if it is. */
const reason = (one: GoldenCase<Options>): string | undefined => {
  if (one.options.use_bias_correction_kl) return "importance-corrected KL: not here";
  const estimator = estimatorOf(one);
  if (!estimator) return `${one.options.kind ?? one.name.split("/")[0]}: another estimator`;
  const beyond = estimator === "k3" && !isTrl(one) && flat(one.expected.kl).some((value) => Math.abs(value) >= 10);
  return beyond ? "verl cuts k3 at 10, this library and TRL do not" : undefined;
};

const cases = goldenCases<Options>("kl");
const { evaluate } = testDevice();

describe("KL estimators equal those of verl and TRL", () => {
  it.each(cases.filter((one) => reason(one) === undefined))("$name", async (one) => {
    const shape = shapeOf(one.inputs.logp);
    const [p, q, up] = ["p", "q", "up"].map((name) => input(name, "float64", shape));
    const kl = klEstimators[estimatorOf(one)!](p!, q!);
    const feeds = {
      p: float64(shape, flat(one.inputs.logp)),
      q: float64(shape, flat(one.inputs.ref_logp)),
      up: float64(
        shape,
        one.inputs.up ? flat(one.inputs.up) : Array(shape[0]! * shape[1]!).fill(1 / (shape[0]! * shape[1]!)),
      ),
    };
    const results = await evaluate({ kl, dp: grad(reduceSum(mul(kl, up!)), [p!])[0]! }, feeds);
    expectNear(numbers(results.kl), flat(one.expected.kl), one.tolerance);
    expectNear(numbers(results.dp), flat(one.gradients.logp ?? one.gradients.logp_of_mean), one.tolerance);
  });

  skipCases(cases, reason);
});
