import { sourceOf } from "../fileTensor.js";
import type { TensorType } from "../graph/expr.js";
import { sizeOf, type Tensor, type Tensors } from "../tensor.js";
import { arrayClasses } from "./protocol.js";
import type { InputProblem } from "./sessionError.js";

interface Meaning {
  readonly size: number;
  readonly input: string;
}

const typeText = ({ dtype, shape }: { dtype: string; shape: readonly (number | string)[] }): string =>
  `${dtype} [${shape.join(", ")}]`;

const isSize = (dim: number): boolean => Number.isInteger(dim) && dim >= 0;

/** What is wrong with an input by itself: element type, rank, fixed dimensions, the array behind it. */
const ownProblem = (input: string, given: Tensor, wanted: TensorType): InputProblem | undefined => {
  const fits =
    given.dtype === wanted.dtype &&
    given.shape.length === wanted.shape.length &&
    wanted.shape.every(
      (dim, axis) => isSize(given.shape[axis]!) && (typeof dim === "string" || dim === given.shape[axis]),
    );
  if (!fits) return { input, given: typeText(given), wanted: typeText(wanted) };
  if (sourceOf(given) !== undefined) return undefined;
  const actual = `${given.data[Symbol.toStringTag]} of ${given.data.length}`;
  const proper = `${arrayClasses[given.dtype].name} of ${sizeOf(given.shape)}`;
  return actual === proper ? undefined : { input, given: `${typeText(given)} over a ${actual}`, wanted: `a ${proper}` };
};

/** Names in a fitting input that stand for another number than before. */
const nameProblems = (
  input: string,
  given: Tensor,
  wanted: TensorType,
  meanings: Map<string, Meaning>,
): readonly InputProblem[] =>
  wanted.shape.flatMap((name, axis) => {
    if (typeof name === "number") return [];
    const size = given.shape[axis]!;
    const known = meanings.get(name);
    if (known === undefined) meanings.set(name, { size, input });
    if (known === undefined || known.size === size) return [];
    const meant = `${typeText(wanted)} with ${name} = ${known.size} as in input "${known.input}"`;
    return [{ input, given: `${typeText(given)} (${name} = ${size})`, wanted: meant }];
  });

/**
 * Everything that is wrong with the inputs of a kernel: missing and unknown names, element types, ranks, fixed
 * dimensions, arrays that do not hold their shape, names that stand for two numbers. Empty if they fit.
 */
export const inputProblems = (
  wanted: Readonly<Record<string, TensorType>>,
  given: Tensors,
): readonly InputProblem[] => {
  const meanings = new Map<string, Meaning>();
  const known = Object.entries(wanted).flatMap(([input, type]) => {
    const value = Object.hasOwn(given, input) ? given[input] : undefined;
    if (value === undefined || value === null) return [{ input, given: "nothing", wanted: typeText(type) }];
    const problem = ownProblem(input, value, type);
    return problem === undefined ? nameProblems(input, value, type, meanings) : [problem];
  });
  const names = Object.keys(wanted).join(", ");
  const unknown = Object.keys(given)
    .filter((input) => !Object.hasOwn(wanted, input))
    .map((input) => ({ input, given: "a tensor", wanted: `only ${names === "" ? "no inputs" : names}` }));
  return [...known, ...unknown];
};
