import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { emptyReport } from "./empty-report.js";
import { encodeReport } from "./encode-report.js";
import { readReport } from "./read-report.js";
import type { Report } from "./report.js";

const text = fc.string();
const number = fc.double().map((value) => (value === 0 ? 0 : value));
const name = fc.string().filter((key) => key !== "__proto__");
const numbers = fc.dictionary(name, number).map((record) => ({ ...record }));
const share = { accuracy: number, count: fc.nat() };
const plain = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as never);
const picture = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((data) => ({ width: 2, height: 1, data: Uint8Array.from(data) }));
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 2 });
const optional = { noNullPrototype: true };
const stage = { name: text, title: text, kind: text, seconds: number, summary: numbers };
const sample = { id: text, task: text, promptText: text, completion: text };

const reports: fc.Arbitrary<Report> = fc.record({
  format: fc.constant("msrl-report/1" as const),
  name: text,
  configuration: fc.dictionary(name, plain, optional),
  versions: fc.record({ node: text, packages: fc.dictionary(name, text, optional) }),
  machine: fc.dictionary(name, fc.oneof(number.filter(Number.isFinite), fc.constantFrom("cpu", "cuda")), optional),
  stages: list(fc.record({ ...stage, steps: list(fc.record({ step: fc.nat(), metrics: numbers })) })),
  evaluations: list(
    fc.record({
      ...share,
      after: text,
      name: text,
      byTask: fc.dictionary(name, fc.record(share), optional),
      extra: numbers,
    }),
  ),
  comparisons: list(
    fc.record(
      { label: text, accuracy: number, standardError: number, note: text },
      { requiredKeys: ["label", "accuracy"] },
    ),
  ),
  samples: list(
    fc.record(
      { ...sample, label: text, verdict: text, images: list(fc.record({ pixels: list(picture) })) },
      { requiredKeys: ["id", "task", "promptText", "completion", "images"] },
    ),
  ),
  yields: list(fc.record({ title: text, rows: list(fc.record({ label: text, values: numbers })) })),
  notes: list(text),
}) as fc.Arbitrary<Report>;

const problems = (json: string): readonly string[] => {
  const result = readReport(json);
  return E.isLeft(result) ? result.left.problems : [];
};

describe("readReport", () => {
  it("reads back what was encoded, numbers that are not finite included", () => {
    fc.assert(
      fc.property(reports, (report) => {
        expect(readReport(encodeReport(report))).toEqual(E.right(report));
      }),
      { numRuns: 50 },
    );
  });

  it("names every field that is wrong, what was wanted and what was found", () => {
    const report = {
      ...emptyReport("run"),
      format: "msrl-report/9",
      name: 7,
      notes: ["x", null],
      stages: [{ name: "a" }],
    };
    expect(problems(JSON.stringify(report))).toEqual([
      'format: "msrl-report/1" was wanted, found "msrl-report/9"',
      "name: a text was wanted, found 7",
      "stages[0].title: a text was wanted, found nothing",
      "stages[0].kind: a text was wanted, found nothing",
      "stages[0].steps: a list was wanted, found nothing",
      "stages[0].seconds: a number was wanted, found nothing",
      "stages[0].summary: an object was wanted, found nothing",
      "notes[1]: a text was wanted, found null",
    ]);
  });

  it("finds a picture with bytes missing", () => {
    const images = [{ pixels: [{ width: 2, height: 2, data: "AAAA" }] }];
    const sample = { id: "s", task: "t", promptText: "", completion: "", images };
    expect(problems(JSON.stringify({ ...emptyReport("run"), samples: [sample] }))).toEqual([
      "samples[0].images[0].pixels[0]: a picture of 2 x 2 has 3 bytes a pixel, all in base64; found 3 bytes",
    ]);
  });

  it("says that something is not JSON, or not an object", () => {
    expect(problems("{")[0]).toMatch(/^not JSON: /);
    expect(problems("[]")).toEqual(["the report: an object was wanted, found a list of 0"]);
  });
});
