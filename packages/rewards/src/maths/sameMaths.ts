import { fold, key, uniform } from "@msrl/core";
import { absolute, add, scale } from "./complex.js";
import { type Assignment, evaluate, nearValue, type Value } from "./evaluate.js";
import { type Expression, isScalar, type Scalar } from "./expression.js";
import { constants } from "./nearFunctions.js";
import { rational } from "./rational.js";

/** Places at which two expressions with symbols are compared: on both sides of 0, small and large. */
const places = 8;

/** What a symbol stands for at a place: a fraction of its own, always the same, never 0 or 1. */
const assignmentAt =
  (place: number): Assignment =>
  (name) => {
    const [first, second] = uniform(fold(fold(key(1), name), place), 2);
    const top = BigInt(2 + Math.floor(first! * 61));
    const sign = place % 2 === 0 ? 1n : -1n;
    return rational(sign * (3n * top + 1n), BigInt(3 + Math.floor(second! * 17) * 3))!;
  };

/** Whether a decimal takes part: then what rounds to it is equal to it. */
const hasDecimal = (expression: Scalar): boolean => {
  if (expression.kind === "number") return expression.written;
  if (expression.kind === "percent") return hasDecimal(expression.value);
  return expression.kind === "call" && expression.arguments.some(hasDecimal);
};

const symbolsOf = (expression: Scalar): readonly string[] => {
  if (expression.kind === "symbol") return constants.has(expression.name) ? [] : [expression.name];
  if (expression.kind === "percent") return symbolsOf(expression.value);
  return expression.kind === "call" ? expression.arguments.flatMap(symbolsOf) : [];
};

/** Values are equal if they are the same fraction; in float64, or if one is a decimal, within a share of their size. */
const sameValue = (a: Value, b: Value, tolerance: number): boolean | null => {
  if (a.exact && b.exact) {
    const equal = a.exact.top === b.exact.top && a.exact.bottom === b.exact.bottom;
    if (equal || tolerance === 0) return equal;
  }
  const [x, y] = [nearValue(a), nearValue(b)];
  if (x.re === y.re && x.im === y.im) return true;
  const size = Math.max(absolute(x), absolute(y));
  if (!Number.isFinite(size)) return Number.isNaN(size) ? null : false;
  return absolute(add(x, scale(y, -1))) <= Math.max(tolerance, 1e-10) * size;
};

const sameScalar = (a: Scalar, b: Scalar): boolean => {
  const tolerance = hasDecimal(a) || hasDecimal(b) ? 2e-7 : 0;
  const symbolic = symbolsOf(a).length + symbolsOf(b).length > 0;
  let known = 0;
  for (let place = 0; place < (symbolic ? places : 1); place++) {
    const assignment = assignmentAt(place);
    const same = sameValue(evaluate(a, assignment), evaluate(b, assignment), symbolic ? 0 : tolerance);
    if (same === false) return false;
    if (same === true) known++;
  }
  return known > 0;
};

/** Whether items can be paired off, each with one that is the same. */
const sameItems = (a: readonly Expression[], b: readonly Expression[]): boolean => {
  const left = [...b];
  return a.every((item) => {
    const at = left.findIndex((other) => sameMaths(item, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
};

/** Items of a set, each once. */
const distinct = (items: readonly Expression[]): readonly Expression[] =>
  items.filter((item, at) => !items.slice(0, at).some((before) => sameMaths(before, item)));

const turned: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

type Relation = Extract<Expression, { kind: "relation" }>;

/** The same relation the other way round: 3 > x for x < 3. */
const otherWay = ({ sign, left, right }: Relation): Relation => ({
  kind: "relation",
  sign: turned[sign] ?? sign,
  left: right,
  right: left,
});

const sameSides = (a: Relation, b: Relation): boolean =>
  a.sign === b.sign && sameMaths(a.left, b.left) && sameMaths(a.right, b.right);

/** Two equations say the same if their differences of sides are in one proportion everywhere. */
const proportional = (a: Relation, b: Relation): boolean => {
  if (a.sign !== "=" || b.sign !== "=") return false;
  if (![a.left, a.right, b.left, b.right].every(isScalar)) return false;
  const difference = ({ left, right }: Relation, assignment: Assignment) =>
    add(nearValue(evaluate(left as Scalar, assignment)), scale(nearValue(evaluate(right as Scalar, assignment)), -1));
  const ratios = Array.from({ length: places }, (_, place) => {
    const assignment = assignmentAt(place);
    return difference(a, assignment).re / difference(b, assignment).re;
  });
  const [first] = ratios;
  return (
    Number.isFinite(first) && first !== 0 && ratios.every((each) => Math.abs(each - first!) <= 1e-9 * Math.abs(first!))
  );
};

const sameRelation = (a: Relation, b: Relation): boolean =>
  sameSides(a, b) || sameSides(a, otherWay(b)) || proportional(a, b);

/** `x = 5` says 5: the side that is not a symbol alone. */
const said = (expression: Expression): Expression => {
  if (expression.kind !== "relation" || expression.sign !== "=") return expression;
  const { left, right } = expression;
  if (left.kind === "symbol" && !constants.has(left.name)) return right;
  return right.kind === "symbol" && !constants.has(right.name) ? left : expression;
};

/** What a percentage may be meant as: a share, or the number before the sign. */
const readings = (expression: Scalar): readonly Scalar[] =>
  expression.kind === "percent" ? [expression, expression.value] : [expression];

/**
 * Whether two answers are the same.
 *
 * Values: the same fraction; within 1e-10 of their size where they are no fractions; within 2e-7 if one is written as
 * a decimal (0.3333333 is a third, 0.333 is not); with symbols, the same at eight places, negative ones among them.
 * 50 % is 0.5 and 50. Sets without order, points and intervals with their brackets, matrices item by item, equations
 * up to a factor; `x = 5` is 5.
 */
export const sameMaths = (a: Expression, b: Expression): boolean => {
  if (a.kind === "relation" && b.kind === "relation") return sameRelation(a, b);
  if (a.kind === "relation" || b.kind === "relation") {
    const [left, right] = [said(a), said(b)];
    return left.kind !== "relation" && right.kind !== "relation" && sameMaths(left, right);
  }
  if (isScalar(a) && isScalar(b)) return readings(a).some((x) => readings(b).some((y) => sameScalar(x, y)));
  if (a.kind === "set" || b.kind === "set") {
    const [left, right] = [a, b].map((each) => distinct(each.kind === "set" ? each.items.map(said) : [said(each)]));
    return left!.length === right!.length && sameItems(left!, right!);
  }
  if (a.kind === "tuple" && b.kind === "tuple")
    return a.open === b.open && a.close === b.close && inOrder(a.items, b.items);
  if (a.kind !== "matrix" || b.kind !== "matrix") return false;
  return a.rows.length === b.rows.length && a.rows.every((row, at) => inOrder(row, b.rows[at]!));
};

const inOrder = (a: readonly Expression[], b: readonly Expression[]): boolean =>
  a.length === b.length && a.every((item, at) => sameMaths(item, b[at]!));
