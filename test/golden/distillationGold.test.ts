import { float32 } from "@msrl/core";
import { grad, input, scalar } from "@msrl/core/graph";
import { distillationFromHidden, generalisedJsd } from "@msrl/distill";
import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly beta: number;
  readonly temperature: number;
  readonly num_items_in_batch: number | null;
}

const cases = goldenCases<Options>("distillation_gold");
const kindOf = ({ name }: GoldenCase<Options>): string => name.split("/")[0]!;
const of = (kind: string) => cases.filter((one) => kindOf(one) === kind);
const { evaluate } = testDevice();
const tensorOf = (given: Numbers | undefined) => float32(shapeOf(given), flat(given));

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

describe("what else is in the file", () => {
  const known = ["chunked_divergence"];
  it("has cases", () => expect(cases.length).toBeGreaterThan(0));
  skipCases(cases, (one) => (known.includes(kindOf(one)) ? undefined : "two vocabularies: not among these losses"));
});
