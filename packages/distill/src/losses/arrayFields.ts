import { float32, int32, sizeOf, type Tagged, type Tensor, type Tensors, tagged, tensor } from "@msrl/core";
import type { ArrayProblem, BadArrays } from "@msrl/core/losses";
import * as E from "fp-ts/Either";

/** What every number at a place that counts has to be. */
export interface NumberRule {
  readonly wanted: string;
  readonly fits: (value: number) => boolean;
  readonly counts: (at: number) => boolean;
}

/** An array that comes in: its name, its shape, and whether it can be done without. */
export interface ArrayField {
  readonly field: string;
  readonly values: ArrayLike<number> | undefined;
  readonly shape: readonly number[];
  readonly whole?: boolean;
  /** What every number is where the array is not given; without it the array has to be given. */
  readonly otherwise?: number;
  readonly each?: NumberRule;
}

/** The first number that cannot be, with its place. */
const misfitOf = ({ field, values, shape, each }: ArrayField): readonly ArrayProblem[] => {
  if (each === undefined || values === undefined) return [];
  const at = Array.prototype.findIndex.call(values, (value: number, place) => !each.fits(value) && each.counts(place));
  if (at < 0) return [];
  const place = shape.map((size, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % size);
  return [{ field, given: `${values[at]} at [${place.join(", ")}]`, wanted: each.wanted }];
};

const problemOf = (given: ArrayField): readonly ArrayProblem[] => {
  const { field, values, shape, otherwise } = given;
  const wanted = `${sizeOf(shape)} numbers [${shape.join(", ")}]`;
  if (values === undefined || values === null)
    return otherwise === undefined ? [{ field, given: "nothing", wanted }] : [];
  if (values.length !== sizeOf(shape)) return [{ field, given: `${values.length} numbers`, wanted }];
  return misfitOf(given);
};

const tensorOf = ({ values, shape, whole, otherwise = 0 }: ArrayField): Tensor => {
  const given = values ?? { length: sizeOf(shape) };
  if (whole) return int32(shape, given);
  if (given instanceof Float32Array) return tensor("float32", shape, given);
  return float32(shape, values ?? Float32Array.from(given, () => otherwise));
};

/** Sizes that come in by their names. */
export type Sizes = Readonly<Record<string, number>>;

/** Sizes that are no sizes. */
const sizeProblems = (sizes: Sizes): readonly ArrayProblem[] =>
  Object.entries(sizes).flatMap(([field, value]) =>
    Number.isInteger(value) && value >= 0
      ? []
      : [{ field, given: String(value), wanted: "a whole number of at least 0" }],
  );

const countProblems = (counts: Readonly<Record<string, number | undefined>>): readonly ArrayProblem[] =>
  Object.entries(counts).flatMap(([field, value]) =>
    value === undefined || (Number.isFinite(value) && value >= 0)
      ? []
      : [{ field, given: String(value), wanted: "a finite number of at least 0" }],
  );

const badArrays = (where: string, problems: readonly ArrayProblem[]): BadArrays => {
  const lines = problems.map(({ field, given, wanted }) => `${where}: ${field}: ${given} given, ${wanted} wanted`);
  return tagged("BadArrays", lines.join("\n"), { problems }) satisfies Tagged<"BadArrays">;
};

/** What a whole update counts, if the arrays are one of its micro-batches. */
export interface WholeCounts {
  readonly tokens?: number;
  readonly sequences?: number;
}

/** Tokens and sequences that count, from the mask [batch, time] where they are not given. */
const countsOf = (mask: Tensor, { tokens, sequences }: WholeCounts): Tensors => {
  const [batch = 0, time = 0] = mask.shape;
  const lengths = Array.from({ length: batch }, (_, row) =>
    (mask.data as Float32Array)
      .subarray(row * time, (row + 1) * time)
      .reduce((count, value) => count + (value > 0 ? 1 : 0), 0),
  );
  return {
    tokens: float32([], [tokens ?? lengths.reduce((sum, length) => sum + length, 0)]),
    sequences: float32([], [sequences ?? lengths.filter((length) => length > 0).length]),
  };
};

/**
 * The arrays as tensors by their names, with `tokens` and `sequences`, counted from the field `mask`; or everything that is
 * wrong with them, `where` being what they were given to.
 */
export const arrayTensors = (
  where: string,
  sizes: Sizes,
  fields: () => readonly ArrayField[],
  whole: WholeCounts,
): E.Either<BadArrays, Tensors> => {
  const wrongSizes = sizeProblems(sizes);
  if (wrongSizes.length > 0) return E.left(badArrays(where, wrongSizes));
  const given = fields();
  const problems = [
    ...given.flatMap(problemOf),
    ...countProblems({ tokens: whole.tokens, sequences: whole.sequences }),
  ];
  if (problems.length > 0) return E.left(badArrays(where, problems));
  const tensors = Object.fromEntries(given.map((field) => [field.field, tensorOf(field)]));
  return E.right({ ...tensors, ...countsOf(tensors.mask!, whole) });
};
