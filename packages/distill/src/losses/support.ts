import { float32 } from "@msrl/core";
import {
  cast,
  concat,
  constant,
  type Expr,
  equal,
  exp,
  gatherElements,
  greater,
  less,
  log,
  logSoftmax,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  scatterAdd,
  slice,
  sub,
  topK,
  where,
} from "@msrl/core/graph";
import type { Support } from "./divergence.js";

/** Two distributions over the same few choices, as log-probs [..., K]. */
export interface Choices {
  readonly student: Expr;
  readonly teacher: Expr;
}

/** The least mass that the rest is taken to have, as TRL has it. */
const leastTail = -Math.expm1(-1e-7);

/** Up to so many tokens each is compared with each other; more are sorted. */
const comparedUpTo = 32;

/** Where a token stood before, by the order of the tokens: of equal ones the first stays the first. */
const repeatsSorted = (tokens: Expr): Expr => {
  const count = tokens.shape.at(-1) as number;
  const axis = tokens.shape.length - 1;
  const { values, indices } = topK(cast(tokens, "float32"), count); // exact: no vocabulary has 2^24 tokens
  const same = equal(slice(values, axis, 1, count), slice(values, axis, 0, count - 1)); // [..., K - 1]
  const flags = concat([mul(slice(values, axis, 0, 1), 0), cast(same, "float32")], -1);
  return greater(scatterAdd(mul(values, 0), indices, flags, axis), 0);
};

/** True where a token stood before in the same list: [..., K] to [..., K]. */
export const repeats = (tokens: Expr): Expr => {
  if ((tokens.shape.at(-1) as number) > comparedUpTo) return repeatsSorted(tokens);
  const count = tokens.shape.at(-1) as number;
  const lead = tokens.shape.slice(0, -1).map(() => 0);
  const same = equal(reshape(tokens, [...lead, count, 1]), reshape(tokens, [...lead, 1, count]));
  const before = Array.from({ length: count * count }, (_, at) => (at % count < Math.floor(at / count) ? 1 : 0));
  return greater(reduceMax(mul(cast(same, "float32"), constant(float32([count, count], before))), [-1]), 0);
};

/** The mass that few log-probs leave over, as one more of them. */
const withTail = (logProbs: Expr): Expr => {
  const rest = sub(1, reduceSum(exp(logProbs), [-1], { keepDims: true }));
  return concat([logProbs, log(where(less(rest, leastTail), leastTail, rest))], -1);
};

/**
 * Distributions over few tokens: what else there is becomes one more choice (`tail`), or they are scaled to sum to 1.
 *
 * Log-probs [..., K] are those of whole distributions; a token marked in `gone` is no choice.
 */
export const overFew = ({ student, teacher }: Choices, gone: Expr | undefined, tail: boolean): Choices => {
  const few = (logProbs: Expr): Expr => {
    const kept = gone ? where(gone, Number.NEGATIVE_INFINITY, logProbs) : logProbs;
    return tail ? withTail(kept) : logSoftmax(kept);
  };
  return { student: few(student), teacher: few(teacher) };
};

/** Distributions over the `count` likeliest tokens of the teacher, of the student, or of either: [..., V] to [..., K]. */
export const overLikeliest = (whole: Choices, count: number, support: Support, tail: boolean): Choices => {
  const likeliest = (logProbs: Expr): Expr => topK(logProbs, count).indices;
  const tokens =
    support === "union" ? concat([likeliest(whole.teacher), likeliest(whole.student)], -1) : likeliest(whole[support]);
  const at = (logProbs: Expr): Expr => gatherElements(logProbs, tokens, -1);
  const gone = support === "union" ? repeats(tokens) : undefined;
  return overFew({ student: at(whole.student), teacher: at(whole.teacher) }, gone, tail);
};
