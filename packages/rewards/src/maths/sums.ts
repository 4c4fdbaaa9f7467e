import { type Assignment, evaluate, workOf } from "./evaluate.js";
import { call, type Expression, type Scalar } from "./expression.js";
import { constants } from "./nearFunctions.js";
import { type Rational, rational } from "./rational.js";
import { accept, expect, kindAhead, mathsLimits, type Reader, refuse, scalarOnly } from "./reader.js";

const noSymbol: Assignment = (name) => refuse(`the bound ${name}`);

/** The whole number that a bound is. */
const bound = (expression: Scalar): bigint => {
  const place = { assignment: noSymbol, mostBits: 512, principal: false, known: new WeakMap(), work: workOf() };
  const { exact } = evaluate(expression, place);
  return exact?.bottom === 1n ? exact.top : refuse("a bound that is no whole number");
};

/** `k=1`, in braces. */
const start = (reader: Reader): { readonly index: string; readonly from: bigint } => {
  expect(reader, "{");
  const index = kindAhead(reader) === "word" ? reader.tokens[reader.at++]!.text : "";
  if (!/^[a-zA-Z]$/.test(index)) refuse("no index");
  expect(reader, "=");
  const from = bound(scalarOnly(reader.sum(reader)));
  expect(reader, "}");
  return { index, from };
};

/** An expression with a number for a symbol, also as the index of another: `a_k`; what is without it stays the same object. */
const replacing = (index: string, reader: Reader): ((expression: Scalar, value: Rational) => Scalar) => {
  const free = new Set<Scalar>();
  const replaced = (expression: Scalar, value: Rational, known: Map<Scalar, Scalar>): Scalar => {
    if (free.has(expression)) return expression;
    if (++reader.work > mathsLimits.work) refuse("sums of too many terms");
    const before = known.get(expression);
    if (before) return before;
    const result = fresh(expression, value, known);
    if (result === expression) free.add(expression);
    else known.set(expression, result);
    return result;
  };
  const fresh = (expression: Scalar, value: Rational, known: Map<Scalar, Scalar>): Scalar => {
    if (expression.kind === "symbol") return symbolAt(expression, index, value);
    if (expression.kind === "percent") {
      const inner = replaced(expression.value, value, known);
      return inner === expression.value ? expression : { kind: "percent", value: inner };
    }
    if (expression.kind !== "call") return expression;
    reader.work += expression.arguments.length;
    const given = expression.arguments.map((each) => replaced(each, value, known));
    return given.every((each, at) => each === expression.arguments[at]) ? expression : call(expression.name, ...given);
  };
  return (expression, value) => replaced(expression, value, new Map());
};

const symbolAt = (symbol: Extract<Scalar, { kind: "symbol" }>, index: string, value: Rational): Scalar => {
  if (symbol.name === index) return { kind: "number", value, written: false };
  const [name, below] = symbol.name.split("_");
  if (below === undefined || !below.includes(index)) return symbol;
  return below === index ? { kind: "symbol", name: `${name}_${value.top}` } : refuse(`the index ${below}`);
};

const parts = (expression: Expression): readonly Expression[] => {
  switch (expression.kind) {
    case "call":
      return expression.arguments;
    case "percent":
      return [expression.value];
    case "ratio":
      return expression.terms;
    case "matrix":
      return expression.rows.flat();
    case "relation":
    case "difference":
      return [expression.left, expression.right];
    default:
      return "items" in expression ? expression.items : [];
  }
};

/** Whether an expression has symbols, at whose places it would be computed over and over. */
export const hasSymbols = (expression: Expression, seen = new Set<Expression>()): boolean => {
  if (seen.has(expression)) return false;
  seen.add(expression);
  if (expression.kind === "symbol") return !constants.has(expression.name);
  return parts(expression).some((part) => hasSymbols(part, seen));
};

/**
 * A sum or product over a whole number between two that are given, behind its \sum or \prod, written out: over factors
 * up to the next sign, as `\sum k + 1` is a sum and one. Without a term, endless, or with a symbol as a bound: refused.
 */
export const series = (reader: Reader, name: "add" | "multiply"): Scalar => {
  const above = accept(reader, "^") ? bound(reader.argument(reader)) : undefined;
  expect(reader, "_");
  const { index, from } = start(reader);
  if (above === undefined) expect(reader, "^");
  const to = above ?? bound(reader.argument(reader));
  const count = to - from + 1n;
  if (count < 1n || count > mathsLimits.terms) refuse(`a sum of ${count} terms`);
  const body = scalarOnly(reader.product(reader));
  const replace = replacing(index, reader);
  const terms = Array.from({ length: Number(count) }, (_, at) =>
    replace(body, rational(from + BigInt(at)) ?? refuse("a bound that is too large")),
  );
  reader.work += terms.length;
  return call(name, ...terms);
};
