import {
  div,
  type Expr,
  equal,
  gatherElements,
  greater,
  logSoftmax,
  not,
  or,
  reshape,
  stopGradient,
  where,
} from "@msrl/core/graph";
import type { DistillationInputs } from "./distillationInputs.js";
import type { DistillationOptions } from "./distillationOptions.js";
import type { Divergence } from "./divergence.js";
import { type Choices, overFew, overLikeliest, repeats } from "./support.js";

/** What is compared, and the student's log-probs of all words. */
export interface Compared extends Choices {
  readonly whole: Expr;
}

const wanted = (field: keyof DistillationInputs, given: Expr | undefined): Expr => {
  if (given === undefined) throw new TypeError(`a distillation loss reads ${field}, which is not given`);
  return given;
};

/** Where a token is no choice of its own: the teacher's log-prob is not known (NaN), or it stands there already. */
const noChoice = (tokens: Expr, unknown: Expr): Expr =>
  tokens.shape.at(-1) === 1 ? unknown : or(unknown, repeats(where(unknown, -1, tokens)));

/**
 * The student's and the teacher's log-probs over what a divergence compares: all words, the likeliest, or given tokens.
 *
 * What stands where no token counts is 0 before anything is computed of it; nothing flows back to the teacher.
 */
export const choicesOf = (
  divergence: Divergence,
  options: DistillationOptions,
  inputs: DistillationInputs,
): Compared => {
  const { temperature, topK, support, tail, teacher: form } = options;
  const counts = greater(inputs.mask, 0);
  const wide = reshape(counts, [...counts.shape.map(() => 0), 1]);
  const kept = (x: Expr): Expr => where(wide, x, 0);
  const logProbs = (logits: Expr): Expr =>
    logSoftmax(temperature === 1 ? kept(logits) : div(kept(logits), temperature));
  const student = logProbs(inputs.studentLogits);
  if (form === "tokens") {
    const tokens = kept(wanted("teacherTokens", inputs.teacherTokens));
    const teacher = kept(stopGradient(wanted("teacherLogProbs", inputs.teacherLogProbs)));
    const unknown = not(equal(teacher, teacher));
    const own = gatherElements(student, where(unknown, 0, tokens), -1); // what fills a list up need be no token
    return { ...overFew({ student: own, teacher }, noChoice(tokens, unknown), tail), whole: student };
  }
  const teacher = logProbs(stopGradient(wanted("teacherLogits", inputs.teacherLogits)));
  const vocabulary = student.shape.at(-1);
  if (topK === undefined || (typeof vocabulary === "number" && topK >= vocabulary))
    return { student, teacher, whole: student };
  return { ...overLikeliest({ student, teacher }, topK, support ?? divergence.support, tail), whole: student };
};
