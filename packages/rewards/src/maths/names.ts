import type { Scalar } from "./expression.js";
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
  const index: string[] = [];
  if (accept(reader, "{")) {
    while (reader.at < reader.tokens.length && !isSign(reader, "}")) index.push(reader.tokens[reader.at++]!.text);
    expect(reader, "}");
  } else if (reader.at < reader.tokens.length) index.push(reader.tokens[reader.at++]!.text);
  return { kind: "symbol", name: `${symbol.name}_${index.join("")}` };
};

/** What stands in \text: a letter is that letter, anything else a name of its own. */
export const textAtom = (text: string): Scalar => {
  const bare = text
    .trim()
    .replace(/^\((.*)\)$/s, "$1")
    .replace(/\s+/g, " ");
  return { kind: "symbol", name: bare.length === 1 ? bare : `text ${bare.toLowerCase()}` };
};
