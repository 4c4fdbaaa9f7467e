import { bracketed, matrix, sequence } from "./brackets.js";
import { call, type Expression, type FunctionName, isScalar, type Scalar } from "./expression.js";
import { named, textAtom } from "./names.js";
import { decimal, rational } from "./rational.js";
import { accept, deeper, expect, isSign, isWord, kindAhead, peek, type Reader, refuse } from "./reader.js";
import type { Token } from "./tokens.js";

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

/** Words and signs between the items of a list. */
export const separators = /^(?:and|or|,|;)$/i;

/** A whole number. */
export const number = (value: bigint): Scalar => ({ kind: "number", value: rational(value)!, written: false });

export const scalarOnly = (expression: Expression): Scalar =>
  isScalar(expression) ? expression : refuse("one value wanted, several found");

/** `{..}` as LaTeX groups, or the next single thing: `\frac12` is a half. */
const argument = (reader: Reader): Scalar =>
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
  const inner = isSign(reader, "(") || isSign(reader, "{") ? scalarOnly(atom(reader)) : bareArgument(reader);
  if (exponent && isMinusOne(exponent) && inverses[name]) return call(inverses[name], inner);
  const value = call(name as FunctionName, inner, ...(base ? [base] : []));
  return exponent ? call("power", value, exponent) : value;
};

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
  if (word === "emptyset") return { kind: "set", items: [] };
  if (word === "lfloor" || word === "lceil") {
    const inner = scalarOnly(reader.sum(reader));
    if (!isWord(reader, word.replace("l", "r"))) refuse(`\\${word} is not closed`);
    reader.at++;
    return call(word === "lfloor" ? "floor" : "ceil", inner);
  }
  return plainFunctions.has(word) ? applied(reader, word) : named(reader, word);
};

export const atom = (reader: Reader): Expression => {
  const token = reader.tokens[reader.at];
  if (!token) return refuse("something wanted, the end found");
  reader.at++;
  if (token.kind === "text") return textAtom(token.text);
  if (token.kind === "number") {
    const value = decimal(token.text);
    return value ? { kind: "number", value, written: /[.e]/i.test(token.text) } : refuse(`the number ${token.text}`);
  }
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

/** An atom with what follows it: powers, factorials, per cent, degrees (which are left out). */
export const powered = (reader: Reader): Expression => {
  let base = atom(reader);
  for (;;) {
    if (accept(reader, "^")) {
      if (isWord(reader, "circ")) reader.at++;
      else if (isSign(reader, "{") && peek(reader, 1) === "circ") reader.at += 3;
      else
        base = call(
          "power",
          scalarOnly(base),
          accept(reader, "-") ? call("negate", argument(reader)) : argument(reader),
        );
    } else if (accept(reader, "!")) base = call("factorial", scalarOnly(base));
    else if (accept(reader, "%")) base = { kind: "percent", value: scalarOnly(base) };
    else return base;
  }
};

export const startsFactor = (reader: Reader): boolean => {
  const kind = kindAhead(reader);
  if (kind === undefined) return false;
  if (kind === "sign") return ["(", "{"].includes(peek(reader)!) || (reader.bars === 0 && peek(reader) === "|");
  if (kind === "text") return !separators.test(peek(reader)!);
  return kind === "number" || !["cup", "pm", "mp", "in", "end", "rfloor", "rceil", "and", "or"].includes(peek(reader)!);
};
