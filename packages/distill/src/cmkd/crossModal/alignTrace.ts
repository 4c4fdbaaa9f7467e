import { commonEnd, commonStart } from "../confidence/answerTokens.js";

/**
 * Where each token of the student's completion stands in the teacher's trace; `null`: the teacher has no such token.
 *
 * The two differ in one block (the caption that only the student writes), so their first tokens and their last tokens are
 * shared; a token that a tokenizer merges across the border of the block is in neither and counts as not shared.
 *
 * @example
 * import { alignTrace } from "@msrl/distill";
 * assert.deepStrictEqual(alignTrace([1, 7, 8, 2, 3], [1, 2, 3]), [0, null, null, 1, 2]);
 * @since 0.1.0
 */
export const alignTrace = (student: readonly number[], teacher: readonly number[]): readonly (number | null)[] => {
  const start = commonStart(student, teacher);
  const end = commonEnd(student, teacher, Math.min(student.length, teacher.length) - start);
  return student.map((_, at) => {
    if (at < start) return at;
    const fromEnd = student.length - at;
    return fromEnd <= end ? teacher.length - fromEnd : null;
  });
};
