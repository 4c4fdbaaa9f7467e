import { int32, type Tensors } from "@msrl/core";
import { type Expr, grad, input } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kl, softmax } from "../../test/distributions.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { groupTensors } from "./groupTensors.js";
import { type UniversalLogitOptions, universalLogit } from "./universalLogit.js";

const { evaluate, gradientError } = testDevice();
const [time, teacherTime, vocabulary, teacherVocabulary] = [4, 3, 3, 5];
const rows = [
  [
    { student: [0, 1], teacher: [0] },
    { student: [2], teacher: [1] },
  ],
  [{ student: [1], teacher: [0, 1] }],
];
const tokens = { student: [0, 2, 1, -100, -100, 2, 1, 0], teacher: [4, 1, -100, 0, 3, -100] };

const groups = (base: "first" | "last"): Tensors =>
  groupTensors({ base, dtype: "float64" })(rows, { student: time, teacher: teacherTime });

const wave = (count: number, by: number) => Array.from({ length: count }, (_, at) => Math.sin(at * by + by) * 2);

const feedsOf = (student: readonly number[], teacher: readonly number[], base: "first" | "last" = "last") => ({
  ...groups(base),
  studentLogits: float64([2, time, vocabulary], student),
  teacherLogits: float64([2, teacherTime, teacherVocabulary], teacher),
  studentTokens: int32([2, time], tokens.student),
  teacherTokens: int32([2, teacherTime], tokens.teacher),
});

const side = (name: string, length: number, size: number) => ({
  logits: input(`${name}Logits`, "float64", [2, length, size]),
  tokens: input(`${name}Tokens`, "int32", [2, length]),
  base: input(`${name}Base`, "float64", [2, 2, length]),
  others: input(`${name}Others`, "float64", [2, 2, length]),
});
const inputs = {
  student: side("student", time, vocabulary),
  teacher: side("teacher", teacherTime, teacherVocabulary),
  groups: input("groups", "float64", [2, 2]),
};

const built = (options: Partial<UniversalLogitOptions> = {}) => {
  const { loss, metrics } = universalLogit(options)(inputs);
  const [gradient] = grad(loss, [inputs.student.logits]);
  return { loss, gradient: gradient as Expr, ...metrics };
};

/** Each group's distribution by plain loops. */
const aligned = (
  name: "student" | "teacher",
  logits: readonly number[],
  base: "first" | "last",
): readonly (readonly number[])[][] => {
  const [length, size] = name === "student" ? [time, vocabulary] : [teacherTime, teacherVocabulary];
  return rows.map((ofRow, row) =>
    ofRow.map((group) => {
      const p = (t: number) => softmax(logits.slice((row * length + t) * size, (row * length + t + 1) * size));
      const places = [...group[name]];
      const standing = base === "first" ? places.shift()! : places.pop()!;
      const factor = places.reduce((product, t) => product * p(t)[tokens[name][row * length + t]!]!, 1);
      return p(standing).map((x) => x * factor);
    }),
  );
};

const distance = (s: readonly number[], t: readonly number[]): number => {
  const [a, b] = [s, t].map((x) => [...x].sort((x, y) => y - x)) as [number[], number[]];
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => Math.abs((a[i] ?? 0) - (b[i] ?? 0))).reduce(
    (x, y) => x + y,
    0,
  );
};

/** Mean over rows of the means over their groups. */
const mean = (values: readonly (readonly number[])[]): number =>
  values.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0) / row.length, 0) / values.length;

const numbersOf = (length: number) =>
  fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: length, maxLength: length });
const [studentCount, teacherCount] = [2 * time * vocabulary, 2 * teacherTime * teacherVocabulary];

describe("universalLogit", () => {
  it.each(["first", "last"] as const)("with the %s token as base equals the naive loops", async (base) => {
    const graph = built();
    await fc.assert(
      fc.asyncProperty(numbersOf(studentCount), numbersOf(teacherCount), async (a, b) => {
        const [s, t] = [aligned("student", a, base), aligned("teacher", b, base)];
        const wanted = mean(s.map((row, at) => row.map((p, group) => distance(p, t[at]![group]!))));
        const { loss } = await evaluate(graph, feedsOf(a, b, base));
        expect(numbers(loss)[0]).toBeCloseTo(wanted, 11);
      }),
      { numRuns: 12 },
    );
  });

  it("compares matched words one by one, and the others sorted", async () => {
    const matches = [
      [4, 0],
      [1, 2],
    ] as const; // words 4, 1 of the teacher are 0, 2 of the student
    const graph = built({ matches, beta: 0 });
    const [a, b] = [wave(studentCount, 1.7), wave(teacherCount, 2.3)];
    const [s, t] = [aligned("student", a, "last"), aligned("teacher", b, "last")];
    const of = (f: (p: readonly number[], q: readonly number[]) => number) =>
      mean(s.map((row, at) => row.map((p, group) => f(p, t[at]![group]!))));
    const matched = of((p, q) => kl([q[4]!, q[1]!], [p[0]!, p[2]!]));
    const others = of((p, q) => distance([p[1]!], [q[0]!, q[2]!, q[3]!]));
    const { loss } = await evaluate(graph, feedsOf(a, b));
    expect(numbers(loss)[0]).toBeCloseTo((2 / 5) * matched + (3 / 5) * others, 11);
  });

  it("does not hang on the order of the words, and is 0 for a teacher whose words are the student's in another", async () => {
    const same = {
      student: inputs.student,
      teacher: { ...side("teacher", time, vocabulary), logits: input("permuted", "float64", [2, time, vocabulary]) },
      groups: inputs.groups,
    };
    const single = [[0, 1, 2].map((t) => ({ student: [t], teacher: [t] })), [{ student: [3], teacher: [3] }]];
    const three = groupTensors({ dtype: "float64" })(single, { student: time, teacher: time });
    const wide = (name: string) => input(name, "float64", [2, 3, time]);
    const { loss } = universalLogit()({
      student: { ...same.student, base: wide("studentBase"), others: wide("studentOthers") },
      teacher: { ...same.teacher, base: wide("teacherBase"), others: wide("teacherOthers") },
      groups: input("groups", "float64", [2, 3]),
    });
    const logits = wave(studentCount, 1.7);
    const turned = logits.map((_, at) => logits[at - (at % 3) + ((at + 1) % 3)]!);
    const result = await evaluate(
      { loss },
      {
        ...three,
        studentLogits: float64([2, time, vocabulary], logits),
        permuted: float64([2, time, vocabulary], turned),
        studentTokens: int32([2, time], Array(8).fill(0)),
        teacherTokens: int32([2, time], Array(8).fill(0)),
      },
    );
    expect(numbers(result.loss)[0]).toBeCloseTo(0, 14);
  });

  it.each([{}, { matches: [[0, 1]] as const, temperature: 2 }])(
    "%o: has the gradient of central differences",
    async (options) => {
      const { loss } = universalLogit(options)(inputs);
      const feeds = feedsOf(wave(studentCount, 1.7), wave(teacherCount, 2.3));
      expect(await gradientError(loss, inputs.student.logits, feeds, 1e-6)).toBeLessThan(1e-7);
    },
  );

  it("does not see what belongs to no group, be it NaN, and gives the teacher no gradient", async () => {
    const graph = built();
    const [a, b] = [wave(studentCount, 1.7), wave(teacherCount, 2.3)];
    const spoiled = a.map((x, at) => ([3, 4, 6, 7].includes(Math.floor(at / vocabulary)) ? Number.NaN : x));
    const spoiledTeacher = b.map((x, at) => ([2, 5].includes(Math.floor(at / teacherVocabulary)) ? 1e30 : x));
    const clean = await evaluate(graph, feedsOf(a, b));
    expect(await evaluate(graph, feedsOf(spoiled, spoiledTeacher))).toEqual(clean);
    const { byTeacher } = await evaluate({ byTeacher: grad(graph.loss, [inputs.teacher.logits])[0]! }, feedsOf(a, b));
    expect(numbers(byTeacher).every((x) => x === 0)).toBe(true);
  });

  it("names options that cannot be", () => {
    expect(() => universalLogit({ temperature: 0, beta: 2 })).toThrow(/temperature is 0.*\n.*beta is 2/);
    expect(() =>
      universalLogit({
        matches: [
          [0, 1],
          [2, 1],
        ],
      }),
    ).toThrow(/pairs of whole numbers, none twice on a side/);
    expect(() => universalLogit({ matchedWeight: 1 })).toThrow(/matchedWeight is 1, wanted nothing without matches/);
  });
});
