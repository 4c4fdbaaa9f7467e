import { call, type Expression, type Scalar } from "./expression.js";

const turned: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

export type Relation = Extract<Expression, { kind: "relation" }>;

/** The same relation the other way round: 3 > x for x < 3. */
export const otherWay = ({ sign, left, right }: Relation): Relation => ({
  kind: "relation",
  sign: turned[sign] ?? sign,
  left: right,
  right: left,
});

const infinity: Scalar = { kind: "symbol", name: "infinity" };

/** The interval of a relation of a symbol: `x > 3` is (3, infinity), `0 <= x < 1` is [0, 1). */
export const asInterval = (expression: Expression): Expression => {
  if (expression.kind === "set" && expression.items.length === 2) {
    const [low, high] = expression.items as readonly [Expression, Expression];
    if (low.kind !== "relation" || high.kind !== "relation" || low.right !== high.left) return expression;
    const [above, below] = [asInterval(otherWay(low)), asInterval(high)];
    if (above.kind !== "tuple" || below.kind !== "tuple" || below.open !== "(") return expression;
    return above.close === ")" && above.items[1] === infinity
      ? { ...above, close: below.close, items: [above.items[0]!, below.items[1]!] }
      : expression;
  }
  if (expression.kind !== "relation") return expression;
  const { sign, left, right } = expression.left.kind === "symbol" ? expression : otherWay(expression);
  if (left.kind !== "symbol" || !Object.hasOwn(turned, sign)) return expression;
  return sign.startsWith(">")
    ? { kind: "tuple", open: sign === ">" ? "(" : "[", close: ")", items: [right, infinity] }
    : { kind: "tuple", open: "(", close: sign === "<" ? ")" : "]", items: [call("negate", infinity), right] };
};
