import { absolute, add, scale } from "./complex.js";
import { evaluate, nearValue, type Place, type Value } from "./evaluate.js";
import { call, type Expression, isScalar, type Scalar } from "./expression.js";
import { asInterval, otherWay, type Relation } from "./intervals.js";
import { constants } from "./nearFunctions.js";
import { type Places, placesOf, traitsOf } from "./places.js";
import { toNumber } from "./rational.js";
import { spread } from "./sets.js";

/** No rounding of a decimal is larger, whatever its size: 12345678.0 is not 12345679. */
const mostRounding = 1e-4;

/** Values are equal if they are the same fraction; in float64, or if one is a decimal, within a share of their size. */
const sameValue = (a: Value, b: Value, tolerance: number): boolean | null => {
  if (a.exact && b.exact) {
    const equal = a.exact.top === b.exact.top && a.exact.bottom === b.exact.bottom;
    if (equal || tolerance === 0) return equal;
    if (Math.abs(toNumber(a.exact) - toNumber(b.exact)) > mostRounding) return false;
  }
  const [x, y] = [nearValue(a), nearValue(b)];
  if (x.re === y.re && x.im === y.im) return true;
  const size = Math.max(absolute(x), absolute(y));
  if (!Number.isFinite(size)) return Number.isNaN(size) ? null : false;
  return absolute(add(x, scale(y, -1))) <= Math.max(tolerance, 1e-10) * size;
};

const sameAt = (a: Scalar, b: Scalar, places: readonly Place[], tolerance: number): boolean => {
  let known = 0;
  for (const place of places) {
    const equal = sameValue(evaluate(a, place), evaluate(b, place), tolerance);
    if (equal === false) return false;
    if (equal === true) known++;
  }
  return known > 0;
};

const sameScalar = (a: Scalar, b: Scalar, places: Places): boolean => {
  const traits = [a, b].map((each) => traitsOf(each, places.traits));
  if (traits[0]!.base !== traits[1]!.base) return false;
  if (!traits.some(({ symbolic }) => symbolic))
    return sameAt(a, b, [places.plain], traits.some(({ decimal }) => decimal) ? 2e-7 : 0);
  return sameAt(a, b, places.symbolic, 0) || (traits.some(({ root }) => root) && sameAt(a, b, places.principal, 0));
};

const zero: Scalar = { kind: "number", value: { top: 0n, bottom: 1n }, written: false };

/** Ratios are the same if one's terms are the other's by one factor. */
const sameRatio = (a: readonly Scalar[], b: readonly Scalar[], places: Places): boolean => {
  const isZero = (term: Scalar): boolean => sameScalar(term, zero, places);
  const first = a.findIndex((term) => !isZero(term));
  if (a.length !== b.length || first !== b.findIndex((term) => !isZero(term))) return false;
  const [x, y] = [a[first], b[first]];
  return !x || !y || a.every((term, at) => sameScalar(call("multiply", term, y), call("multiply", b[at]!, x), places));
};

/** Whether items can be paired off, each with one that is the same. */
const sameItems = (a: readonly Expression[], b: readonly Expression[], places: Places): boolean => {
  const left = [...b];
  return a.every((item) => {
    const at = left.findIndex((other) => same(item, other, places));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
};

/** Items of a set, each once. */
const distinct = (items: readonly Expression[], places: Places): readonly Expression[] =>
  items.filter((item, at) => !items.slice(0, at).some((before) => same(before, item, places)));

const sameSides = (a: Relation, b: Relation, places: Places): boolean =>
  a.sign === b.sign && same(a.left, b.left, places) && same(a.right, b.right, places);

/** Two equations say the same if their differences of sides are in one proportion everywhere. */
const proportional = (a: Relation, b: Relation, { symbolic }: Places): boolean => {
  if (a.sign !== "=" || b.sign !== "=") return false;
  if (![a.left, a.right, b.left, b.right].every(isScalar)) return false;
  const difference = ({ left, right }: Relation, place: Place) =>
    add(nearValue(evaluate(left as Scalar, place)), scale(nearValue(evaluate(right as Scalar, place)), -1));
  const ratios = symbolic.map((place) => difference(a, place).re / difference(b, place).re);
  const [first] = ratios;
  return (
    Number.isFinite(first) && first !== 0 && ratios.every((each) => Math.abs(each - first!) <= 1e-9 * Math.abs(first!))
  );
};

const sameRelation = (a: Relation, b: Relation, places: Places): boolean =>
  sameSides(a, b, places) || sameSides(a, otherWay(b), places) || proportional(a, b, places);

/** Whether an expression is `f(x)`, which is read as a product. */
const isApplied = (expression: Expression): boolean => {
  if (expression.kind !== "call" || expression.name !== "multiply") return false;
  const [name, argument] = expression.arguments;
  return name?.kind === "symbol" && /^[fgh]$/.test(name.name) && argument?.kind === "symbol";
};

/** `x = 5` says 5: the side that is not a symbol alone. */
const said = (expression: Expression): Expression => {
  if (expression.kind !== "relation" || expression.sign !== "=") return expression;
  const { left, right } = expression;
  if (left.kind === "ratio" && right.kind === "ratio" && left.terms.every(({ kind }) => kind === "symbol"))
    return right;
  if ((left.kind === "symbol" && !constants.has(left.name)) || isApplied(left)) return right;
  return right.kind === "symbol" && !constants.has(right.name) ? left : expression;
};

/** The items of a set without the symbols that they are said of, if that is one: `x = 1, y = 2` is not `x = 2, y = 1`. */
const saidItems = (items: readonly Expression[]): readonly Expression[] => {
  const names = items.flatMap((item) => {
    if (item.kind !== "relation" || said(item) === item) return [];
    const side = said(item) === item.right ? item.left : item.right;
    return side.kind === "symbol" ? [side.name] : [];
  });
  return new Set(names).size > 1 ? items : items.map(said);
};

/** What a percentage may be meant as: a share, or the number before the sign. */
const readings = (expression: Scalar): readonly Scalar[] =>
  expression.kind === "percent" ? [expression, expression.value] : [expression];

const same = (a: Expression, b: Expression, places: Places): boolean =>
  matched(spread(a, places), spread(b, places), places);

const matched = (a: Expression, b: Expression, places: Places): boolean => {
  if (a.kind === "relation" && b.kind === "relation") return sameRelation(a, b, places);
  if (a.kind === "tuple" && asInterval(b) !== b) return same(a, asInterval(b), places);
  if (b.kind === "tuple" && asInterval(a) !== a) return same(asInterval(a), b, places);
  if (a.kind === "relation" || b.kind === "relation") {
    const [left, right] = [said(a), said(b)];
    return left.kind !== "relation" && right.kind !== "relation" && same(left, right, places);
  }
  if (isScalar(a) && isScalar(b)) return readings(a).some((x) => readings(b).some((y) => sameScalar(x, y, places)));
  if (a.kind === "ratio" && b.kind === "ratio") return sameRatio(a.terms, b.terms, places);
  if (a.kind === "difference" && b.kind === "difference")
    return same(a.left, b.left, places) && same(a.right, b.right, places);
  if (a.kind === "set" || b.kind === "set") {
    const [left, right] = [a, b].map((each) =>
      distinct(each.kind === "set" ? saidItems(each.items) : [said(each)], places),
    );
    return left!.length === right!.length && sameItems(left!, right!, places);
  }
  if (a.kind === "tuple" && b.kind === "tuple")
    return a.open === b.open && a.close === b.close && inOrder(a.items, b.items, places);
  if (a.kind !== "matrix" || b.kind !== "matrix") return false;
  return a.rows.length === b.rows.length && a.rows.every((row, at) => inOrder(row, b.rows[at]!, places));
};

const inOrder = (a: readonly Expression[], b: readonly Expression[], places: Places): boolean =>
  a.length === b.length && a.every((item, at) => same(item, b[at]!, places));

/**
 * Whether two answers are the same.
 *
 * Values: the same fraction; within 1e-10 of their size where they are no fractions; within 2e-7 if one is written as
 * a decimal (0.3333333 is a third, 0.333 is not), and never further apart than 1e-4; with symbols, the same at eight places, negative ones among them.
 * 50 % is 0.5 and 50. Numbers in a base equal those in the same base, ratios those with one factor between all terms, an
 * interval without points the intervals between them. Sets without order, points and intervals with their brackets, matrices item by item, equations
 * up to a factor; `x = 5` is 5.
 */
export const sameMaths = (a: Expression, b: Expression): boolean => same(a, b, placesOf());
