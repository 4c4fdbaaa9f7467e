import { float32, int32 } from "@msrl/core";
import { concat, div, type Expr, grad, input, mul, reduceSum, scalar, slice } from "@msrl/core/graph";
import {
  alignTokens,
  type ByteSpan,
  distillationFromHidden,
  generalisedJsd,
  groupTensors,
  jsdOfProbabilities,
  type Mapping,
  type TokenGroup,
  universalLogit,
} from "@msrl/distill";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly beta: number;
  readonly temperature: number;
  readonly num_items_in_batch: number | null;
  readonly token_merge_strategy?: "observed" | "bayesian";
  readonly extended?: boolean;
  readonly hybrid?: boolean;
  readonly matched_weight?: number | null;
  readonly unmatched_weight?: number | null;
}

type Case = GoldenCase<Options>;

const cases = goldenCases<Options>("distillation_gold");
const kindOf = ({ name }: GoldenCase<Options>): string => name.split("/")[0]!;
const of = (kind: string) => cases.filter((one) => kindOf(one) === kind);
const { evaluate } = testDevice();
const tensorOf = (given: Numbers | undefined) => float32(shapeOf(given), flat(given));
const exact = (given: Numbers | undefined) => float64(shapeOf(given), flat(given));

describe("TRL's chunked divergence from hidden states", () => {
  // Its sums are in float32, and so are ours; the file's tolerance says so.
  it.each(of("chunked_divergence"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const { beta, temperature, num_items_in_batch: count } = options;
    const expr = (name: string) => input(name, "float32", shapeOf(inputs[name]));
    const side = (name: string) => ({ states: expr(`${name}_hidden`), head: expr(`${name}_head`) });
    const student = side("student");
    const loss = generalisedJsd({ beta, temperature, reportEntropy: true });
    for (const rowsPerChunk of [3, 512]) {
      const built = distillationFromHidden(loss, { rowsPerChunk })({
        student,
        teacher: side("teacher"),
        mask: expr("completion_mask"),
        ...(count !== null && { tokens: scalar(count) }),
      });
      const [states, head] = grad(built.loss, [student.states, student.head]);
      const outputs = { loss: built.loss, entropy: built.metrics.entropy!, states: states!, head: head! };
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, tensorOf(given)]));
      const result = await evaluate(outputs, feeds);
      expectNear(numbers(result.loss), flat(expected.loss), tolerance);
      const tokens = count ?? flat(expected.num_valid)[0]!;
      expectNear([numbers(result.entropy)[0]! * tokens], flat(expected.entropy_sum), tolerance);
      expectNear(numbers(result.states), flat(gradients.student_hidden), tolerance);
      expectNear(numbers(result.head), flat(gradients.student_head), tolerance);
    }
  });
});

describe("divergence of probabilities equals that of TRL's GOLD", () => {
  it.each(of("jsd_on_probs"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const [student, teacher] = ["student_probs", "teacher_probs"].map((name) =>
      input(name, "float64", shapeOf(inputs[name])),
    );
    const counts = flat(inputs.labels).map((label) => (label === -100 ? 0 : 1));
    const mask = input("mask", "float64", shapeOf(inputs.labels));
    const values = mul(jsdOfProbabilities({ beta: options.beta })(student!, teacher!), mask);
    const loss = div(reduceSum(values), reduceSum(mask));
    const feeds = {
      student_probs: exact(inputs.student_probs),
      teacher_probs: exact(inputs.teacher_probs),
      mask: float64(shapeOf(inputs.labels), counts),
    };
    const result = await evaluate({ loss, slope: grad(loss, [student!])[0]! }, feeds);
    expectNear(numbers(result.loss), flat(expected.loss), tolerance);
    expectNear(numbers(result.slope), flat(gradients.student_probs), tolerance);
  });
});

describe("groups of tokens equal those of TRL", () => {
  it.each(of("align"))("$name", ({ inputs, expected }) => {
    const spans = (given: Numbers | undefined) => given as unknown as readonly ByteSpan[];
    const groups = alignTokens()(spans(inputs.student_offsets), spans(inputs.teacher_offsets));
    expect(groups.map(({ student }) => student)).toEqual(expected.student_groups);
    expect(groups.map(({ teacher }) => teacher)).toEqual(expected.teacher_groups);
  });
});

/** Places of the tokens that count, row by row. */
const placesOf = (labels: Numbers | undefined): readonly (readonly number[])[] =>
  (labels as readonly (readonly number[])[]).map((row) => row.flatMap((label, at) => (label === -100 ? [] : [at])));

/** Groups of places, row by row: by their bytes, or one by one. */
const groupsOf = ({ inputs, options }: Case): readonly (readonly TokenGroup[])[] => {
  const [student, teacher] = [placesOf(inputs.student_labels), placesOf(inputs.teacher_labels)];
  const spans = (name: string, row: number, places: readonly number[]) =>
    places.map((at) => (inputs[name] as unknown as readonly (readonly ByteSpan[])[])[row]![at]!);
  return student.map((own, row) => {
    const theirs = teacher[row]!;
    const common = own.slice(0, theirs.length).map((_, at) => ({ student: [at], teacher: [at] }));
    const groups = options.extended
      ? alignTokens()(spans("student_byte_offsets", row, own), spans("teacher_byte_offsets", row, theirs))
      : common;
    return groups.map((group) => ({
      student: group.student.map((at) => own[at]!),
      teacher: group.teacher.map((at) => theirs[at]!),
    }));
  });
};

/** Logits as they predict the token in their place: TRL shifts them for its strategy `bayesian` alone. */
const placed = (logits: Expr, { options }: Case): Expr => {
  const time = logits.shape[1] as number;
  if (options.token_merge_strategy === "observed") return logits;
  return concat([slice(logits, 1, 0, 1), slice(logits, 1, 0, time - 1)], 1);
};

describe("universal logit distillation equals that of TRL", () => {
  it.each([...of("uld"), ...of("uld_extended")])("$name", async (one) => {
    const { inputs, options, expected, gradients, tolerance } = one;
    const lengths = {
      student: shapeOf(inputs.student_logits)[1]!,
      teacher: shapeOf(inputs.teacher_logits)[1]!,
    };
    const base = options.token_merge_strategy === "observed" ? "first" : "last";
    const groups = groupTensors({ base, dtype: "float64" })(groupsOf(one), lengths);
    const tokens = (name: string) => int32(shapeOf(inputs[`${name}_input_ids`]), flat(inputs[`${name}_input_ids`]));
    const expr = (name: string) => input(name, groups[name]!.dtype, groups[name]!.shape);
    const logits = (name: string) => input(`${name}Logits`, "float64", shapeOf(inputs[`${name}_logits`]));
    const [own, theirs] = [logits("student"), logits("teacher")];
    const side = (name: string, given: Expr) => ({
      logits: placed(given, one),
      tokens: input(`${name}Tokens`, "int32", tokens(name).shape),
      base: expr(`${name}Base`),
      others: expr(`${name}Others`),
    });
    const { matched_weight: matchedWeight, unmatched_weight: unmatchedWeight } = options;
    const { loss } = universalLogit({
      beta: options.beta,
      temperature: options.temperature,
      ...(options.hybrid && { matches: inputs.teacher_to_student_vocab as unknown as Mapping }),
      ...(matchedWeight !== null && { matchedWeight: matchedWeight! }),
      ...(unmatchedWeight !== null && { unmatchedWeight: unmatchedWeight! }),
    })({ student: side("student", own), teacher: side("teacher", theirs), groups: expr("groups") });
    const feeds = {
      ...groups,
      ...{ studentTokens: tokens("student"), teacherTokens: tokens("teacher") },
      ...{ studentLogits: exact(inputs.student_logits), teacherLogits: exact(inputs.teacher_logits) },
    };
    const result = await evaluate({ loss, slope: grad(loss, [own])[0]! }, feeds);
    expectNear(numbers(result.loss), flat(expected.loss), tolerance);
    expectNear(numbers(result.slope), flat(gradients.student_logits), tolerance);
  });
});

describe("cases of no known kind", () => {
  const known = ["chunked_divergence", "jsd_on_probs", "align", "uld", "uld_extended"];
  it("are none of these", () => expect(cases.length).toBeGreaterThan(0));
  skipCases(cases, (one) => (known.includes(kindOf(one)) ? undefined : "no such distillation loss"));
});
