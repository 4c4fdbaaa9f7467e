import { argument, number, powered, separators, startsFactor } from "./atoms.js";
import { call, type Expression, isScalar, type Scalar } from "./expression.js";
import {
  accept,
  deeper,
  isSign,
  isWord,
  kindAhead,
  mathsLimits,
  peek,
  type Reader,
  refuse,
  scalarOnly,
  Unreadable,
} from "./reader.js";
import { hasSymbols } from "./sums.js";
import { tokensOf } from "./tokens.js";
import { isUnit } from "./units.js";

const relations = new Set(["=", "<", ">", "<=", ">=", "!="]);
const minusOne = number(-1n);

/** Whether an expression is a whole number as it is written, and a fraction of such numbers: 1\frac{1}{2} is their sum. */
const isMixed = (left: Scalar, right: Scalar): boolean => {
  const whole = (value: Scalar | undefined): boolean =>
    value?.kind === "number" && !value.written && value.value.bottom === 1n;
  return whole(left) && right.kind === "call" && right.name === "divide" && right.arguments.every(whole);
};

/** Units behind a value say nothing that an answer is judged by: `5 cm`, `5\text{ cm}`. */
const skipUnits = (reader: Reader): boolean => {
  const start = reader.at;
  if (!isUnit(reader.tokens[start])) return false;
  reader.at++;
  if (accept(reader, "^") && kindAhead(reader) === "number") reader.at++;
  const perUnit = isSign(reader, "/") && isUnit(reader.tokens[reader.at + 1], true);
  if (perUnit) reader.at += 2;
  if (reader.at >= reader.tokens.length || isSign(reader, ",")) return true;
  reader.at = start;
  return false;
};

const product = (reader: Reader): Expression => {
  let left = signed(reader);
  for (;;) {
    if (accept(reader, "*")) left = call("multiply", scalarOnly(left), scalarOnly(signed(reader)));
    else if (accept(reader, "/")) left = call("divide", scalarOnly(left), scalarOnly(signed(reader)));
    else if (isScalar(left) && skipUnits(reader)) continue;
    else if (startsFactor(reader) && isScalar(left)) {
      const right = scalarOnly(powered(reader));
      left = call(isMixed(left, right) ? "add" : "multiply", left, right);
    } else return left;
  }
};

const signed = (reader: Reader): Expression =>
  deeper(reader, () => {
    if (accept(reader, "+")) return signed(reader);
    if (accept(reader, "-")) return call("negate", scalarOnly(signed(reader)));
    return powered(reader);
  });

const bothSigns = (reader: Reader): boolean => {
  if (!isWord(reader, "pm") && !isWord(reader, "mp")) return false;
  reader.at++;
  return true;
};

/** Terms, or two such one above the other: `n+1 \choose 2`. */
const sum = (reader: Reader): Expression => {
  const above = terms(reader);
  if (!isWord(reader, "choose")) return above;
  reader.at++;
  return call("binomial", scalarOnly(above), scalarOnly(terms(reader)));
};

const terms = (reader: Reader): Expression =>
  deeper(reader, () => {
    const first = bothSigns(reader) ? bothOf(undefined, scalarOnly(product(reader))) : product(reader);
    let left = first;
    for (;;) {
      if (accept(reader, "+")) left = call("add", scalarOnly(left), scalarOnly(product(reader)));
      else if (isSign(reader, "-") && peek(reader, 1) === "{{" && isSet(left)) left = without(reader, left, sum);
      else if (accept(reader, "-")) left = call("add", scalarOnly(left), call("negate", scalarOnly(product(reader))));
      else if (bothSigns(reader)) left = bothOf(scalarOnly(left), scalarOnly(product(reader)));
      else return left;
    }
  });

/** left + right and left - right. */
const bothOf = (left: Scalar | undefined, right: Scalar): Expression => {
  const turned = call("multiply", minusOne, right);
  return { kind: "set", items: left ? [call("add", left, right), call("add", left, turned)] : [right, turned] };
};

const isSet = (value: Expression): boolean =>
  value.kind === "tuple" || value.kind === "set" || (value.kind === "symbol" && value.name.startsWith("set "));

/** A set without another, which stands behind the next sign. */
const without = (reader: Reader, left: Expression, read: (reader: Reader) => Expression): Expression => {
  reader.at++;
  return { kind: "difference", left, right: read(reader) };
};

/** Unions and differences, from left to right. */
const union = (reader: Reader): Expression => {
  let left = sum(reader);
  for (let pieces = 1; ; pieces++) {
    if (pieces > mathsLimits.items) refuse("too many items");
    if (isWord(reader, "setminus")) left = without(reader, left, sum);
    else if (isWord(reader, "cup")) {
      reader.at++;
      const both = [left, sum(reader)];
      left = { kind: "set", items: both.flatMap((piece) => (piece.kind === "set" ? piece.items : [piece])) };
    } else return left;
  }
};

/** One thing, or the terms of a ratio. */
const ratio = (reader: Reader): Expression => {
  const first = union(reader);
  if (!isSign(reader, ":")) return first;
  const found = [scalarOnly(first)];
  while (accept(reader, ":")) found.push(scalarOnly(sum(reader)));
  return found.length > mathsLimits.items ? refuse("too many items") : { kind: "ratio", terms: found };
};

/** One thing, or two with a relation between them; `x \in S` is S. */
const relation = (reader: Reader): Expression => {
  const left = ratio(reader);
  if (isWord(reader, "in") && left.kind !== "ratio") {
    reader.at++;
    return union(reader);
  }
  const sign = peek(reader);
  if (kindAhead(reader) !== "sign" || !relations.has(sign!)) return left;
  reader.at++;
  const right = ratio(reader);
  // {x : x > 3} is no ratio
  if (left.kind === "ratio" && (sign !== "=" || right.kind !== "ratio")) refuse("a ratio beside a value");
  if (kindAhead(reader) === "sign" && relations.has(peek(reader)!)) {
    // a < x < b, x = y = 5: a chain is what its last two say of the first
    const [next, last] = [reader.tokens[reader.at++]!.text, union(reader)];
    if (sign === "=" && next === "=") return { kind: "relation", sign: "=", left, right: last };
    return {
      kind: "set",
      items: [
        { kind: "relation", sign: sign!, left, right },
        { kind: "relation", sign: next, left: right, right: last },
      ],
    };
  }
  return { kind: "relation", sign: sign!, left, right };
};

const whole = (reader: Reader): Expression => {
  const items = [relation(reader)];
  while (reader.at < reader.tokens.length) {
    const token = reader.tokens[reader.at]!;
    if (token.kind === "number" || !separators.test(token.text)) refuse(`${token.text} out of place`);
    reader.at++;
    items.push(relation(reader));
    if (items.length > mathsLimits.items) refuse("too many items");
  }
  return items.length === 1 ? items[0]! : { kind: "set", items };
};

/**
 * Reads an answer written in LaTeX or plainly: a value, a list, a set, a point, an interval, an equation, a matrix.
 *
 * `null` for anything else: words, formulas that are not closed, too long or nested too deeply. Total; the work is
 * bounded by the limits.
 */
export const parseMaths = (text: string): Expression | null => {
  if (text.length > mathsLimits.characters) return null;
  const trimmed = text.trim().replace(/\.$/, "");
  const tokens = tokensOf(trimmed);
  if (!tokens || tokens.length === 0) return null;
  try {
    const reader: Reader = {
      ...{ tokens: [...tokens], at: 0, depth: 0, bars: 0, angle: false, work: 0 },
      ...{ sum, relation, product, argument },
    };
    const found = whole(reader);
    return reader.work > mathsLimits.symbolicWork && hasSymbols(found) ? null : found;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
};
