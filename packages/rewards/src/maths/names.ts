import { call, type Expression, type Scalar } from "./expression.js";
import { accept, expect, isSign, type Reader, refuse } from "./reader.js";
import type { Token } from "./tokens.js";

const greek =
  /^(?:alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|pi|infinity|ell)$/;

/** A name: a letter, a Greek one, a short run of letters as their product; a longer run is a word and no formula. */
export const named = (reader: Reader, word: string): Scalar => {
  const symbol = (name: string): Scalar => ({ kind: "symbol", name });
  if (greek.test(word)) return subscripted(reader, symbol(word));
  if (!/^[a-zA-Z]{1,2}$/.test(word)) return refuse(`the word ${word}`);
  // A second letter goes back: in ab^2 the power is b's alone.
  if (word.length === 2) (reader.tokens as Token[])[--reader.at] = { kind: "word", text: word[1]! };
  else return subscripted(reader, symbol(word));
  return symbol(word[0]!);
};

const subscripted = (reader: Reader, symbol: Scalar): Scalar => {
  if (symbol.kind !== "symbol" || !accept(reader, "_")) return symbol;
  return { kind: "symbol", name: `${symbol.name}_${texts(reader).join("")}` };
};

/** What stands in braces, or the next token, as it is written. */
const texts = (reader: Reader): readonly string[] => {
  const found: string[] = [];
  if (accept(reader, "{")) {
    while (reader.at < reader.tokens.length && !isSign(reader, "}")) found.push(reader.tokens[reader.at++]!.text);
    expect(reader, "}");
  } else if (reader.at < reader.tokens.length) found.push(reader.tokens[reader.at++]!.text);
  return found;
};

const over = /^(?:overline|overrightarrow|overleftrightarrow|hat)$/;

/** Letters under a bar or an arrow, an angle, a triangle: names that equal themselves; `undefined` for another word. */
export const geometric = (reader: Reader, word: string): Scalar | undefined => {
  const figure = word === "angle" || word === "triangle";
  if (!figure && !over.test(word)) return undefined;
  const letters = texts(reader).join("");
  if (!(figure ? /^(?:[A-Z]{1,4}|[a-z]+)$/ : /^[a-zA-Z]{1,10}$/).test(letters)) refuse(`\\${word} of ${letters}`);
  const turned = [...letters].reverse().join("");
  // An angle is the same from either side, a triangle whatever corner comes first.
  const name = word === "triangle" ? [...letters].sort().join("") : figure && turned < letters ? turned : letters;
  return subscripted(reader, { kind: "symbol", name: `${word} ${name}` });
};

const infinity: Scalar = { kind: "symbol", name: "infinity" };
const from = (low: Scalar, high: Scalar): Expression => ({
  kind: "tuple",
  open: "(",
  close: ")",
  items: [low, high],
});
const zero: Scalar = { kind: "number", value: { top: 0n, bottom: 1n }, written: false };

/** Real numbers, or those on one side of 0, are an interval; other sets of numbers are names. */
export const numberSet = (reader: Reader): Expression => {
  const letter = texts(reader).join("");
  if (!/^[A-Z]$/.test(letter)) refuse(`\\mathbb{${letter}}`);
  const above = accept(reader, "^") ? texts(reader).join("") : "";
  const below = accept(reader, "_") ? texts(reader).join("") : "";
  if (letter === "R" && below === "" && above === "") return from(call("negate", infinity), infinity);
  if (letter === "R" && below === "" && above === "+") return from(zero, infinity);
  if (letter === "R" && below === "" && above === "-") return from(call("negate", infinity), zero);
  return { kind: "symbol", name: `set ${letter}^${above}_${below}` };
};

/** What stands in \text: a letter is that letter, anything else a name of its own. */
export const textAtom = (text: string): Scalar => {
  const bare = text
    .trim()
    .replace(/^\((.*)\)$/s, "$1")
    .replace(/\s+/g, " ")
    .replace(/^([ap])\.?\s?m\.?$/i, "$1m");
  return { kind: "symbol", name: bare.length === 1 ? bare : `text ${bare.toLowerCase()}` };
};
