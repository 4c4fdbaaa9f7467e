import { cast, constant, div, type Expr, grad, input, mul, reduceSum } from "@msrl/core/graph";
import { adaptiveKl, fullKl, importanceCorrected, type KlEstimatorName, k3, klEstimators } from "@msrl/core/kl";
import { logitStatistics } from "@msrl/core/losses";
import { generalisedJsd } from "@msrl/distill";
import { describe, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly kind?: string;
  readonly use_bias_correction_kl?: boolean;
  readonly direction?: string;
  readonly alpha?: number;
}

/** verl's names of the estimators; both of its names of k3 have its bounds. */
const estimators: Readonly<Record<string, KlEstimatorName>> = {
  kl: "k1",
  k1: "k1",
  "k1+": "k1+",
  k2: "k2",
  mse: "k2",
  abs: "abs",
  "abs+": "abs+",
  k3: "lowVariance",
  "k3+": "lowVariance+",
  low_var_kl: "lowVariance",
  "low_var_kl+": "lowVariance+",
};

const isTrl = ({ name }: GoldenCase<Options>): boolean => name.startsWith("trl_k3/");

/** Directions of a full divergence; undefined for what is none. */
const directionOf = ({ options }: GoldenCase<Options>): "forward" | "reverse" | undefined => {
  if (options.direction) return options.direction.startsWith("forward") ? "forward" : "reverse";
  return ({ 0: "forward", 1: "reverse" } as const)[options.alpha ?? -1];
};

/** A divergence from a mixture of the two: what distillation takes. */
const isMixed = (one: GoldenCase<Options>): boolean => one.options.alpha !== undefined && !directionOf(one);

const isEntropy = ({ name }: GoldenCase<Options>): boolean => name === "entropy_loss";

/** Why a case is none of these; undefined if it is. */
const reason = (one: GoldenCase<Options>): string | undefined => {
  if (isTrl(one) || directionOf(one) || isMixed(one) || isEntropy(one)) return undefined;
  return (one.options.kind ?? "") in estimators ? undefined : `${one.options.kind}: another estimator`;
};

const cases = goldenCases<Options>("kl");
const applying = cases.filter((one) => reason(one) === undefined);
const { evaluate } = testDevice();

/** Ones in a shape. */
const ones = ([size, ...others]: readonly number[]): Numbers =>
  size === undefined ? 1 : Array.from({ length: size }, () => ones(others));

const tensorOf = (given: Numbers | undefined) => float64(shapeOf(given), flat(given));

/** Values per token and their gradients by inputs, the upstream gradient being `up`, or 1 over the tokens. */
const run = async (one: GoldenCase<Options>, names: readonly string[], build: (...x: readonly Expr[]) => Expr) => {
  const inputs = names.map((name) => input(name, "float64", shapeOf(one.inputs[name])));
  const kl = build(...inputs);
  const size = flat(one.expected.kl).length;
  const up = one.inputs.up ? tensorOf(one.inputs.up) : float64(shapeOf(one.expected.kl), Array(size).fill(1 / size));
  const slopes = grad(reduceSum(mul(kl, input("up", "float64", up.shape))), inputs);
  const outputs = Object.fromEntries(names.map((name, at) => [`d ${name}`, slopes[at]!]));
  const feeds = Object.fromEntries(names.map((name) => [name, tensorOf(one.inputs[name])]));
  const results = await evaluate({ kl, ...outputs }, { ...feeds, up });
  return (name: string) => numbers(results[name]);
};

describe("KL estimators equal those of verl", () => {
  it.each(applying.filter(({ options }) => options.kind !== undefined))("$name", async (one) => {
    const estimator = klEstimators[estimators[one.options.kind!]!];
    const result = await run(one, ["logp", "ref_logp"], (p, q) => estimator(p!, q!));
    expectNear(result("kl"), flat(one.expected.kl), one.tolerance);
    expectNear(result("d logp"), flat(one.gradients.logp), one.tolerance);
  });
});

describe("k3, and k3 with importance correction, equal those of TRL", () => {
  it.each(applying.filter(isTrl))("$name", async (one) => {
    const result = one.options.use_bias_correction_kl
      ? await run(one, ["logp", "ref_logp", "old_logp"], (p, q, old) => importanceCorrected(k3)(p!, q!, old!))
      : await run(one, ["logp", "ref_logp"], (p, q) => k3(p!, q!));
    expectNear(result("kl"), flat(one.expected.kl), one.tolerance);
    const wanted = flat(one.gradients.logp_of_mean);
    // The slope of the product is the difference of two terms as large as the KL: its last digits are their rounding.
    const terms = flat(one.expected.kl).map((value) => (one.options.use_bias_correction_kl ? Math.abs(value) : 0));
    for (const [at, value] of result("d logp").entries())
      expectNear([value], [wanted[at]!], { ...one.tolerance, atol: one.tolerance.atol + 1e-15 * terms[at]! });
  });
});

describe("full KL from logits equals those of torch and TRL, in both directions", () => {
  it.each(applying.filter(directionOf))("$name", async (one) => {
    const kl = fullKl({ direction: directionOf(one)! });
    const result = await run(one, ["logits", "ref_logits"], (p, q) => kl(p!, q!));
    expectNear(result("kl"), flat(one.expected.kl), one.tolerance);
    for (const [name, wanted] of Object.entries(one.gradients))
      expectNear(result(`d ${name}`), flat(wanted), one.tolerance);
  });
});

describe("what mixes the two, and the entropy of one", () => {
  it.each(applying.filter(isMixed))("$name of TRL", async (one) => {
    const loss = generalisedJsd({ beta: one.options.alpha! });
    const mask = constant(tensorOf(ones(shapeOf(one.expected.kl))));
    const build = (p: Expr, q: Expr): Expr => loss.perToken({ studentLogits: p, teacherLogits: q, mask }).values;
    const result = await run(one, ["logits", "ref_logits"], (p, q) => build(p!, q!));
    expectNear(result("kl"), flat(one.expected.kl), one.tolerance);
    expectNear(result("d logits"), flat(one.gradients.logits), one.tolerance);
  });

  it.each(applying.filter(isEntropy))("$name of verl", async ({ inputs, expected, gradients, tolerance }) => {
    const [logits, mask] = [input("logits", "float64", shapeOf(inputs.logits)), tensorOf(inputs.response_mask)];
    const targets = cast(mul(constant(mask), 0), "int32");
    const { entropy } = logitStatistics({ entropy: true })(logits, targets, constant(mask));
    const loss = div(
      reduceSum(entropy!),
      flat(inputs.response_mask).reduce((a, b) => a + b, 0),
    );
    const results = await evaluate({ loss, slope: grad(loss, [logits])[0]! }, { logits: tensorOf(inputs.logits) });
    expectNear(numbers(results.loss), flat(expected.entropy), tolerance);
    expectNear(numbers(results.slope), flat(gradients.logits), tolerance);
  });
});

interface ControllerOptions {
  readonly init_kl_coef: number;
  readonly target_kl: number;
  readonly horizon: number;
}

/** The controller's case stands among the advantages, where that file is there. */
const controllers = goldenCases<ControllerOptions>("advantages_verl").filter(
  ({ name }) => name === "adaptive_kl_controller",
);

describe("KL controllers, and cases that are none of these", () => {
  it.each(controllers)("$name of verl", ({ inputs, options, expected, tolerance }) => {
    const { init_kl_coef: initial, target_kl: target, horizon } = options;
    const controller = adaptiveKl({ initial, target, horizon });
    const seen = inputs.updates as unknown as readonly { readonly current_kl: number; readonly n_steps: number }[];
    let coefficient = controller.initial;
    const values = seen.map(({ current_kl: kl, n_steps: steps }) => {
      coefficient = controller.next(coefficient, { kl, steps });
      return coefficient;
    });
    expectNear(values, flat(expected.values), tolerance);
  });

  skipCases(cases, reason);
});
