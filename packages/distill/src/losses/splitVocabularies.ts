import { int32 } from "@msrl/core";
import { constant, type Expr, expandLike, gatherElements, reshape, slice } from "@msrl/core/graph";

/** Pairs of the teacher's number of a word and the student's. */
export type Mapping = readonly (readonly [teacher: number, student: number])[];

/** A student's and a teacher's probabilities over some words. */
export interface Words {
  readonly student: Expr;
  readonly teacher: Expr;
}

/** The words of the given numbers, in their order. */
const pick = (p: Expr, words: readonly number[]): Expr => {
  const axis = p.shape.length - 1;
  const row = reshape(constant(int32([words.length], words)), [...p.shape.slice(0, -1).map(() => 1), words.length]);
  return gatherElements(p, expandLike(row, slice(p, axis, 0, words.length)), axis);
};

const without = (size: number, taken: readonly number[]): readonly number[] => {
  const gone = new Set(taken);
  return Array.from({ length: size }, (_, at) => at).filter((word) => !gone.has(word));
};

/** Probabilities over the words that both vocabularies have, paired, and over the others of each; absent if there are none. */
export const splitVocabularies = (
  student: Expr,
  teacher: Expr,
  matches: Mapping,
): { readonly matched?: Words; readonly others?: Words } => {
  const sorted = [...matches].sort(([a], [b]) => a - b);
  const ids = { teacher: sorted.map(([word]) => word), student: sorted.map(([, word]) => word) };
  const rest = {
    teacher: without(teacher.shape.at(-1) as number, ids.teacher),
    student: without(student.shape.at(-1) as number, ids.student),
  };
  const words = (of: typeof rest): Words => ({
    student: pick(student, of.student),
    teacher: pick(teacher, of.teacher),
  });
  return {
    ...(sorted.length > 0 && { matched: words(ids) }),
    ...(rest.student.length > 0 && rest.teacher.length > 0 && { others: words(rest) }),
  };
};
