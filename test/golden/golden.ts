import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect, it, type RunnerTask } from "vitest";

/** Numbers of a golden file: nested arrays; null is NaN, infinities are words. */
export type Numbers = number | null | "inf" | "-inf" | readonly Numbers[];

/** How near a number has to come: |a - e| <= atol + rtol |e|. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** A case, the batch it starts from mixed into its inputs. */
export interface GoldenCase<Options> {
  readonly name: string;
  readonly source: { readonly what: string };
  readonly inputs: Readonly<Record<string, Numbers | undefined>>;
  readonly options: Options;
  readonly expected: Readonly<Record<string, Numbers>> & { readonly metrics?: Readonly<Record<string, number>> };
  readonly gradients: Readonly<Record<string, Numbers>>;
  readonly tolerance: Tolerance & { readonly metrics_rtol: number };
}

/** Where the golden files are. */
export const folder = process.env.MSRL_GOLDEN ?? fileURLToPath(new URL(".", import.meta.url));

/** Cases whose wanted numbers a test of this file has read. */
const compared = new WeakSet<object>();

/** A case that knows whether a test reads what it wants; while tests are being collected nothing counts. */
const watched = <Case extends { readonly expected: unknown }>(one: Case): Case => {
  const { expected } = one;
  const get = (): unknown => {
    if (expect.getState().currentTestName) compared.add(result);
    return expected;
  };
  const result: Case = Object.defineProperty({ ...one }, "expected", { enumerable: true, get });
  return result;
};

/** All cases of a topic, over its parts; an input that a case sets to null is left out. */
export const goldenCases = <Options>(topic: string): readonly GoldenCase<Options>[] =>
  readdirSync(folder)
    .filter((name) => name === `${topic}.json` || (name.startsWith(`${topic}.`) && /\.\d+\.json$/.test(name)))
    .sort()
    .flatMap((name) => {
      const file = JSON.parse(readFileSync(join(folder, name), "utf8"));
      return file.cases.map((one: Omit<GoldenCase<Options>, "gradients"> & { inputs: { $batch?: string } }) => {
        const { $batch, ...own } = one.inputs;
        const given = Object.entries({ ...(file.batches[$batch ?? ""] ?? {}), ...own });
        const inputs = Object.fromEntries(given.filter(([, value]) => value !== null));
        return watched({ gradients: {}, ...one, inputs, tolerance: { ...file.tolerance, ...one.tolerance } });
      });
    });

/** All numbers in order, row by row. */
export const flat = (numbers: Numbers | undefined): readonly number[] => {
  if (numbers === undefined) throw new Error("the case has no such numbers");
  if (Array.isArray(numbers)) return numbers.flatMap(flat);
  if (numbers === null) return [Number.NaN];
  return [typeof numbers === "string" ? Number(numbers.replace("inf", "Infinity")) : (numbers as number)];
};

/** Sizes of nested arrays, outermost first. */
export const shapeOf = (numbers: Numbers | undefined): readonly number[] =>
  Array.isArray(numbers) ? [numbers.length, ...shapeOf(numbers[0])] : [];

/** Expects every number within its tolerance; NaN only where NaN is wanted. */
export const expectNear = (actual: readonly number[], wanted: readonly number[], { rtol, atol }: Tolerance) => {
  expect(actual.length).toBe(wanted.length);
  const off = actual.flatMap((a, at) => {
    const e = wanted[at]!;
    const near =
      Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e)) || Math.abs(a - e) <= atol + rtol * Math.abs(e);
    return near ? [] : [`${at}: ${a}, wanted ${e}`];
  });
  expect(off).toEqual([]);
};

const testsIn = (task: RunnerTask): readonly RunnerTask[] =>
  task.type === "suite" ? task.tasks.flatMap(testsIn) : [task];

/** How the tests of skipped cases are named. */
const notApplying = ": does not apply, ";

/** Of each topic that this file answers for, the cases that are to run. */
const wanted: object[] = [];

/** All tests of this file. */
let tests: readonly RunnerTask[] = [];

beforeEach(({ task }) => {
  if (tests.length === 0) tests = testsIn(task.file);
});

afterAll(() => {
  const all = tests.every(({ mode, name }) => mode === "run" || name.includes(notApplying));
  if (!all) return; // some tests alone were asked for
  const left = wanted.filter((one) => !compared.has(one));
  expect(left.map((one) => (one as GoldenCase<unknown>).name)).toEqual([]);
});

/**
 * Lists the cases that are not run, each with its reason, among the skipped tests. All others have to run: one whose
 * wanted numbers no test has read fails the file.
 */
export const skipCases = <Options>(
  cases: readonly GoldenCase<Options>[],
  reason: (one: GoldenCase<Options>) => string | undefined = () => undefined,
): void => {
  for (const one of cases) {
    const why = reason(one);
    if (why === undefined) wanted.push(one);
    else it.skip(`${one.name}${notApplying}${why}`, () => {});
  }
};
