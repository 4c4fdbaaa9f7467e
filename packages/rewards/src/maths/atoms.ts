import { bracketed, matrix, sequence } from "./brackets.js";
import { call, type Expression, type FunctionName, type Scalar } from "./expression.js";
import { geometric, named, numberSet, textAtom } from "./names.js";
import { numeral } from "./numerals.js";
import { rational } from "./rational.js";
import { accept, deeper, expect, isSign, isWord, kindAhead, peek, type Reader, refuse, scalarOnly } from "./reader.js";
import { series } from "./sums.js";
import type { Token } from "./tokens.js";

/** A whole number. */
export const number = (value: bigint): Scalar => ({ kind: "number", value: rational(value)!, written: false });

const plainFunctions: ReadonlySet<string> = new Set([
  "exp",
  "ln",
  "log",
  "sin",
  "cos",
  "tan",
  "cot",
  "sec",
  "csc",
  "arcsin",
  "arccos",
  "arctan",
  "sinh",
  "cosh",
  "tanh",
]);
const inverses: Readonly<Record<string, FunctionName>> = { sin: "arcsin", cos: "arccos", tan: "arctan" };

/** Functions whose argument can be in degrees. */
const ofAngles: ReadonlySet<string> = new Set(["sin", "cos", "tan", "cot", "sec", "csc"]);
const ofSeveral: ReadonlySet<string> = new Set(["gcd", "lcm", "max", "min"]);
const oneDegree = call("divide", { kind: "symbol", name: "pi" }, number(180n));

/** Words and signs between the items of a list. */
export const separators = /^(?:and|or|,|;)$/i;

/** `{..}` as LaTeX groups, or the next single thing: `\frac12` is a half. */
export const argument = (reader: Reader): Scalar =>
  deeper(reader, () => {
    if (accept(reader, "{")) {
      const inner = scalarOnly(reader.sum(reader));
      expect(reader, "}");
      return inner;
    }
    const token = reader.tokens[reader.at];
    if (token?.kind === "number" && /^\d\d/.test(token.text)) {
      (reader.tokens as Token[])[reader.at] = { kind: "number", text: token.text.slice(1) };
      return number(BigInt(token.text[0]!));
    }
    return scalarOnly(atom(reader));
  });

/** The argument of a function without brackets: factors up to the next sum or function, `\sin 2x`. */
const bareArgument = (reader: Reader): Scalar =>
  deeper(reader, () => {
    if (accept(reader, "-")) return call("negate", bareArgument(reader));
    let product = scalarOnly(powered(reader));
    while (startsFactor(reader) && !plainFunctions.has(peek(reader)!))
      product = call("multiply", product, scalarOnly(powered(reader)));
    return product;
  });

const applied = (reader: Reader, name: string): Scalar => {
  const base = name === "log" && accept(reader, "_") ? argument(reader) : undefined;
  const exponent = accept(reader, "^") ? argument(reader) : undefined;
  const outside = reader.angle;
  reader.angle = ofAngles.has(name);
  const inner = isSign(reader, "(") || isSign(reader, "{") ? factor(reader) : bareArgument(reader);
  reader.angle = outside;
  if (exponent && isMinusOne(exponent) && inverses[name]) return call(inverses[name], inner);
  const value = call(name as FunctionName, inner, ...(base ? [base] : []));
  return exponent ? call("power", value, exponent) : value;
};

/** What stands in brackets, and a degree sign behind them. */
const factor = (reader: Reader): Scalar => {
  const inner = scalarOnly(atom(reader));
  return degree(reader) ? inDegrees(reader, inner) : inner;
};

/** `\gcd(12, 18)`, `\max\{3, 7\}`. */
const severalOf = (reader: Reader, name: FunctionName): Scalar =>
  deeper(reader, () => {
    const close = isSign(reader, "{{") ? "}}" : ")";
    if (close === "}}") reader.at++;
    else expect(reader, "(");
    return call(name, ...sequence(reader, [close]).items.map(scalarOnly));
  });

const isMinusOne = (value: Scalar): boolean =>
  value.kind === "call" &&
  value.name === "negate" &&
  value.arguments[0]?.kind === "number" &&
  value.arguments[0].value.top === 1n &&
  value.arguments[0].value.bottom === 1n;

const root = (reader: Reader): Scalar => {
  if (!accept(reader, "[")) return call("root", argument(reader), number(2n));
  const degree = scalarOnly(reader.sum(reader));
  expect(reader, "]");
  return call("root", argument(reader), degree);
};

const wordAtom = (reader: Reader, word: string): Expression => {
  if (word === "frac") return call("divide", argument(reader), argument(reader));
  if (word === "sqrt") return root(reader);
  if (word === "binom") return call("binomial", argument(reader), argument(reader));
  if (word === "abs") return call("absolute", argument(reader));
  if (word === "begin") return matrix(reader);
  if (ofSeveral.has(word)) return severalOf(reader, word as FunctionName);
  if (word === "sum" || word === "prod")
    return deeper(reader, () => series(reader, word === "sum" ? "add" : "multiply"));
  if (word === "mathbb") return numberSet(reader);
  if (word === "emptyset") return { kind: "set", items: [] };
  if (word === "lfloor" || word === "lceil") {
    const inner = scalarOnly(reader.sum(reader));
    if (!isWord(reader, word.replace("l", "r"))) refuse(`\\${word} is not closed`);
    reader.at++;
    return call(word === "lfloor" ? "floor" : "ceil", inner);
  }
  return plainFunctions.has(word) ? applied(reader, word) : (geometric(reader, word) ?? named(reader, word));
};

export const atom = (reader: Reader): Expression => {
  const token = reader.tokens[reader.at];
  if (!token) return refuse("something wanted, the end found");
  reader.at++;
  if (token.kind === "text") {
    const applies = ofSeveral.has(token.text) && (isSign(reader, "(") || isSign(reader, "{{"));
    return applies ? severalOf(reader, token.text as FunctionName) : textAtom(token.text);
  }
  if (token.kind === "number") return numeral(token.text) ?? refuse(`the number ${token.text}`);
  if (token.kind === "word") return wordAtom(reader, token.text);
  if (token.text === "(" || token.text === "[") return bracketed(reader, token.text);
  return deeper(reader, () => signAtom(reader, token.text));
};

const signAtom = (reader: Reader, sign: string): Expression => {
  if (sign === "{") {
    const inner = reader.sum(reader);
    expect(reader, "}");
    return inner;
  }
  if (sign === "{{") return { kind: "set", items: accept(reader, "}}") ? [] : sequence(reader, ["}}"]).items };
  if (sign === "|") {
    reader.bars++;
    const inner = scalarOnly(reader.sum(reader));
    expect(reader, "|");
    reader.bars--;
    return call("absolute", inner);
  }
  return refuse(`${sign} out of place`);
};

/** Whether a degree sign is next, which is then passed: `^\circ`, `^{\circ}`, `°`. */
const degree = (reader: Reader): boolean => {
  if (accept(reader, "°")) return true;
  if (!isSign(reader, "^")) return false;
  const sign = (ahead: number): boolean => ["circ", "°"].includes(peek(reader, ahead)!);
  const length = sign(1) ? 2 : peek(reader, 1) === "{" && sign(2) && peek(reader, 3) === "}" ? 4 : 0;
  reader.at += length;
  return length > 0;
};

/** Degrees count in the argument of a sine or the like, and are left out as a unit elsewhere. */
const inDegrees = (reader: Reader, value: Scalar): Scalar =>
  reader.angle ? call("multiply", value, oneDegree) : value;

/** An atom with what follows it: powers, factorials, per cent, degrees. */
export const powered = (reader: Reader): Expression => {
  let base = atom(reader);
  for (;;) {
    if (degree(reader)) base = reader.angle ? inDegrees(reader, scalarOnly(base)) : base;
    else if (accept(reader, "^"))
      base = call("power", scalarOnly(base), accept(reader, "-") ? call("negate", argument(reader)) : argument(reader));
    else if (accept(reader, "!")) base = call("factorial", scalarOnly(base));
    else if (accept(reader, "%")) base = { kind: "percent", value: scalarOnly(base) };
    else return base;
  }
};

export const startsFactor = (reader: Reader): boolean => {
  const kind = kindAhead(reader);
  if (kind === undefined) return false;
  if (kind === "sign") return ["(", "{"].includes(peek(reader)!) || (reader.bars === 0 && peek(reader) === "|");
  if (kind === "text") return !separators.test(peek(reader)!);
  return (
    kind === "number" ||
    !["cup", "pm", "mp", "in", "end", "rfloor", "rceil", "and", "or", "choose", "setminus"].includes(peek(reader)!)
  );
};
