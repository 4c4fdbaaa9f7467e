import { int32 } from "@msrl/core";
import { constant, type Expr, grad, input, mul, reduceSum } from "@msrl/core/graph";
import { hiddenStatistics, logitStatistics, type Statistics, tokenStatistics } from "@msrl/core/losses";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { hash, uniform } from "./formula.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly temperature?: number;
  readonly row_mask?: boolean;
  readonly k?: number;
}

type Case = GoldenCase<Options>;

/** What a case gives to statistics: logits [.., V], and per token labels, a mask, what comes from upstream. */
interface Given {
  readonly shape: readonly number[];
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  readonly mask: readonly number[] | undefined;
  readonly upLogp: readonly number[];
  readonly upEntropy: readonly number[];
}

const byFormula = ({ inputs }: Case): Given => {
  const shape = flat(inputs.shape);
  const [seed, low, high] = [inputs.hash_seed, inputs.lo, inputs.hi].map(Number) as [number, number, number];
  const [b, t, v] = shape as readonly [number, number, number];
  const logits = uniform(b * t * v, seed, low, high);
  const labels = flat(inputs.labels);
  expect(labels).toEqual(labels.map((_, at) => hash(at, seed + 1000) % v));
  const [upLogp, upEntropy] = [2000, 3000].map((by) => uniform(b * t, seed + by, -1, 1)) as [number[], number[]];
  return { shape, logits, labels, mask: undefined, upLogp, upEntropy };
};

const givenOf = (one: Case): Given => {
  const { inputs, options } = one;
  if (inputs.shape) return byFormula(one);
  const shape = shapeOf(inputs.logits);
  const perToken = (values: Numbers | undefined): readonly number[] =>
    values ? flat(values) : Array<number>(shape[0]! * shape[1]!).fill(0);
  return {
    shape,
    logits: flat(inputs.logits),
    labels: perToken(inputs.labels),
    mask: options.row_mask ? flat(inputs.row_mask) : undefined,
    upLogp: perToken(inputs.up_logp),
    upEntropy: perToken(inputs.up_entropy),
  };
};

const { device, evaluate } = testDevice();

const inputsOf = (shape: readonly number[]) => {
  const tokens = shape.slice(0, 2);
  return {
    logits: input("logits", "float64", shape),
    labels: input("labels", "int32", tokens),
    mask: input("mask", "float64", tokens),
    upLogp: input("up_logp", "float64", tokens),
    upEntropy: input("up_entropy", "float64", tokens),
  };
};

/** Everything that a case may ask for, in float64. */
const statisticsOf = async (
  given: Given,
  build: (inputs: ReturnType<typeof inputsOf>, mask: Expr | undefined) => Statistics,
) => {
  const inputs = inputsOf(given.shape);
  const { logProbs, entropy, top } = build(inputs, given.mask && inputs.mask);
  const tokens = given.shape.slice(0, 2);
  const slopes = [mul(logProbs, inputs.upLogp), mul(entropy!, inputs.upEntropy)].map(
    (each) => grad(reduceSum(each), [inputs.logits])[0]!,
  );
  const outputs = {
    logProbs,
    entropy: entropy!,
    top: top!.logProbs,
    ids: top!.ids,
    slope: slopes[0]!,
    bend: slopes[1]!,
  };
  const results = await evaluate(outputs, {
    logits: float64(given.shape, given.logits),
    labels: int32(tokens, given.labels),
    mask: float64(tokens, given.mask ?? given.labels.map(() => 1)),
    up_logp: float64(tokens, given.upLogp),
    up_entropy: float64(tokens, given.upEntropy),
  });
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, numbers(value)]));
};

/** What a file tells of a large gradient, a row after another. */
const summary = (
  gradient: readonly number[],
  { shape, labels }: Given,
): Readonly<Record<string, readonly number[]>> => {
  const size = shape[2]!;
  const rows = labels.map((_, n) => gradient.slice(n * size, (n + 1) * size));
  return {
    sum_abs: rows.map((row) => row.reduce((sum, each) => sum + Math.abs(each), 0)),
    sum_sq: rows.map((row) => row.reduce((sum, each) => sum + each * each, 0)),
    first8: rows.flatMap((row) => row.slice(0, 8)),
    at_label: rows.map((row, n) => row[labels[n]!]!),
  };
};

const expectGradient = (
  found: readonly number[],
  wanted: Numbers | undefined,
  given: Given,
  tolerance: Case["tolerance"],
) => {
  if (wanted === undefined) return;
  if (Array.isArray(wanted)) return expectNear(found, flat(wanted), tolerance);
  const told = wanted as unknown as Readonly<Record<string, Numbers>>;
  const own = summary(found, given);
  for (const [name, values] of Object.entries(told)) expectNear(own[name]!, flat(values), tolerance);
};

/** TRL's entropy is NaN where a logit is -Infinity; ours is that of the tokens that can come. */
const entropyWanted = (wanted: readonly number[], found: readonly number[], { logits, shape }: Given) =>
  wanted.map((value, n) => {
    if (!Number.isNaN(value)) return value;
    const possible = logits.slice(n * shape[2]!, (n + 1) * shape[2]!).filter(Number.isFinite);
    expect(possible.length).toBeLessThan(shape[2]!);
    expect(found[n]).toSatisfy(Number.isFinite);
    return possible.every((z) => z === possible[0]) ? Math.log(possible.length) : found[n]!;
  });

const check = (one: Case, given: Given, found: Readonly<Record<string, readonly number[]>>): void => {
  const { expected, gradients, tolerance, options } = one;
  if (options.k === undefined && expected.logp) expectNear(found.logProbs!, flat(expected.logp), tolerance);
  if (expected.entropy)
    expectNear(found.entropy!, entropyWanted(flat(expected.entropy), found.entropy!, given), tolerance);
  expectGradient(found.slope!, gradients.logits_from_logp, given, tolerance);
  expectGradient(found.bend!, gradients.logits_from_entropy, given, tolerance);
  if (options.k !== undefined) expectNear(found.top!, flat(expected.logp), tolerance);
  const [ids, logits] = [expected.indices ?? expected.top5_indices, expected.logits ?? expected.top5_logits];
  if (!ids || !logits) return;
  expect(found.ids).toEqual(flat(ids));
  const count = found.ids!.length / given.labels.length;
  const read = found.ids!.map((id, at) => given.logits[Math.floor(at / count) * given.shape[2]! + id]!);
  expectNear(read, flat(logits), tolerance);
};

const known = /^(logp_entropy\/|entropy_from_logits$|topk\/|extreme_logits$|formula\/)/;
const reason = ({ name }: Case): string | undefined =>
  known.test(name) ? undefined : `${name}: no statistic of tokens`;
const topOf = ({ options, expected }: Case): number => options.k ?? (expected.top5_indices ? 5 : 1);

describe("token_stats, float64", () => {
  const cases = goldenCases<Options>("token_stats");
  skipCases(cases, reason);

  it.each(cases.filter((one) => !reason(one)))("$name from logits", async (one) => {
    const [given, temperature] = [givenOf(one), one.options.temperature ?? 1];
    const statistics = logitStatistics({ temperature, entropy: true, topK: topOf(one) });
    check(one, given, await statisticsOf(given, ({ logits, labels }, mask) => statistics(logits, labels, mask)));
  });

  // Logits are hidden states whose head is the identity. At temperature 1 alone: ONNX Runtime keeps the factor of a
  // float64 product in float32. Infinite logits are left out: infinity times the identity's zeros is NaN.
  it.each(cases.filter((one) => !reason(one) && (one.options.temperature ?? 1) === 1 && one.name !== "extreme_logits"))(
    "$name from hidden states, in chunks",
    async (one) => {
      const given = givenOf(one);
      const size = given.shape[2]!;
      const identity = float64(
        [size, size],
        Array.from({ length: size * size }, (_, at) => (at % (size + 1) ? 0 : 1)),
      );
      const statistics = hiddenStatistics({ entropy: true, topK: topOf(one), rowsPerChunk: 3 });
      const found = await statisticsOf(given, ({ logits, labels }, mask) =>
        statistics({ states: logits, head: constant(identity) }, labels, mask),
      );
      check(one, given, found);
    },
  );
});

describe("token_stats_float32", () => {
  const cases = goldenCases<Options>("token_stats_float32");
  skipCases(cases, reason);

  it.each(cases.filter((one) => !reason(one)))("$name over plain arrays", async (one) => {
    const given = givenOf(one);
    const statistics = tokenStatistics({ entropy: true, temperature: one.options.temperature ?? 1 })(await device());
    const { logProbs, entropy } = await statistics({ logits: Float32Array.from(given.logits), targets: given.labels });
    expectNear([...logProbs], flat(one.expected.logp), one.tolerance);
    expectNear([...entropy!], flat(one.expected.entropy), one.tolerance);
  });
});
