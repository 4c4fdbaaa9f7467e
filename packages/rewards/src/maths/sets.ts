import { evaluate, nearValue } from "./evaluate.js";
import { type Expression, isScalar } from "./expression.js";
import { type Places, traitsOf } from "./places.js";

/** The real number that an expression is; NaN if it is none, or has symbols. */
const realOf = (expression: Expression, { plain, traits }: Places): number => {
  if (!isScalar(expression) || traitsOf(expression, traits).symbolic) return Number.NaN;
  const { re, im } = nearValue(evaluate(expression, plain));
  return Math.abs(im) < 1e-12 ? re : Number.NaN;
};

/** An interval without some numbers is the intervals between them: [0, 5] \ {0, 1} is (0, 1) and (1, 5]. */
export const spread = (expression: Expression, places: Places): Expression => {
  if (expression.kind !== "difference") return expression;
  const { left, right } = expression;
  if (left.kind !== "tuple" || left.items.length !== 2 || right.kind !== "set") return expression;
  const [low, high] = left.items.map((each) => realOf(each, places)) as [number, number];
  const points = right.items.map((item) => ({ item, at: realOf(item, places) })).sort((a, b) => a.at - b.at);
  if (!(low < high) || points.some(({ at }) => Number.isNaN(at))) return expression;
  const near = (a: number, b: number): boolean =>
    a === b || Math.abs(a - b) <= 1e-10 * Math.min(Math.abs(a), Math.abs(b));
  const inside = points.filter(({ at }, index) => at > low && at < high && !near(at, points[index - 1]?.at ?? low));
  const cuts = [left.items[0]!, ...inside.map(({ item }) => item), left.items[1]!];
  const holds = (end: number): boolean => points.some(({ at }) => near(at, end));
  const pieces = cuts.slice(1).map(
    (end, index): Expression => ({
      kind: "tuple",
      open: index > 0 || holds(low) ? "(" : left.open,
      close: index < inside.length || holds(high) ? ")" : left.close,
      items: [cuts[index]!, end],
    }),
  );
  return pieces.length === 1 ? pieces[0]! : { kind: "set", items: pieces };
};
