import { numeralAt } from "./numerals.js";
import { commands, ignored, quoting, signs, words } from "./spellings.js";

/** A piece of a formula. */
export interface Token {
  /** `word`: letters, LaTeX commands without their backslash; `text`: what stands in `\text{..}`; `sign`: anything else. */
  readonly kind: "number" | "word" | "text" | "sign";
  readonly text: string;
}

const has = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const grouped = /\d{1,3}(?:(?:,|\{,\}|\\,|\\!,\\!|\\!)\d{3})+(?!\d)(?:\.\d+)?/y;
const plain = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![\da-zA-Z]))?/y;
const command = /\\(?:([a-zA-Z]+)\*?|(.))/sy;
const letters = /[a-zA-Z]+|[π∞√±∅]/uy;

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

/** The content of a brace that opens at a place, and where it ends. */
const braced = (text: string, at: number): { readonly content: string; readonly end: number } | null => {
  if (text[at] !== "{") return null;
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    if (text[end] === "{") depth++;
    if (text[end] === "}" && --depth === 0) return { content: text.slice(at + 1, end), end: end + 1 };
  }
  return null;
};

interface Step {
  readonly tokens: readonly Token[];
  readonly end: number;
}

const sign = (text: string): readonly Token[] =>
  text === "^2" || text === "^3"
    ? [
        { kind: "sign", text: "^" },
        { kind: "number", text: text[1]! },
      ]
    : [{ kind: text === "cup" ? "word" : "sign", text }];

/** What stands in `\text{..}`: a number with or without a unit, or words. */
const quotedTokens = (content: string): readonly Token[] => {
  const quantity = /^(\d+(?:\.\d+)?)(?:\s+([a-zA-Z][a-zA-Z ]*))?$/.exec(content);
  if (!quantity) return [{ kind: "text", text: content }];
  const [, digits, unit] = quantity;
  return [{ kind: "number", text: digits! }, ...(unit === undefined ? [] : [{ kind: "text", text: unit } as const])];
};

const commandAt = (text: string, at: number): Step | null => {
  const match = matchAt(command, text, at);
  if (!match) return null;
  const end = at + match[0].length;
  const [, name, other] = match;
  if (other !== undefined) {
    if (other === "\\") return { tokens: [{ kind: "sign", text: "\\\\" }], end };
    const known = has(signs, `\\${other}`);
    if (known !== undefined) return { tokens: sign(known), end };
    return /[\s,;:!$]/.test(other) ? { tokens: [], end } : null;
  }
  if (ignored.has(name!)) return { tokens: [], end };
  const quoted = quoting.has(name!) ? braced(text, end) : null;
  if (quoted) return { tokens: quotedTokens(quoted.content.trim()), end: quoted.end };
  const asSign = has(commands, name!);
  return { tokens: asSign === undefined ? [{ kind: "word", text: has(words, name!) ?? name! }] : sign(asSign), end };
};

const ascii = /^(?:<=|>=|!=|\*\*)/;

const stepAt = (text: string, at: number, depth: number): Step | null => {
  const numeral = /[\d.]/.test(text[at]!) ? numeralAt(text, at) : null;
  if (numeral) return { tokens: [{ kind: "number", text: numeral.text }], end: numeral.end };
  const number = (depth === 0 ? matchAt(grouped, text, at) : null) ?? matchAt(plain, text, at);
  if (number) {
    const digits = number[0].replace(/\\?,|\{,\}|\\!/g, "");
    return { tokens: [{ kind: "number", text: digits }], end: at + number[0].length };
  }
  if (text[at] === "\\") return commandAt(text, at);
  const run = matchAt(letters, text, at);
  if (run) return { tokens: [{ kind: "word", text: has(words, run[0]) ?? run[0] }], end: at + run[0].length };
  const two = ascii.exec(text.slice(at, at + 2))?.[0];
  if (two) return { tokens: sign(two === "**" ? "^" : two), end: at + 2 };
  const one = text[at]!;
  if (/[\s$~]/.test(one)) return { tokens: [], end: at + 1 };
  const known = has(signs, one) ?? (/[-+*/^_=<>()[\]{}|,;:!%&°]/.test(one) ? one : undefined);
  return known === undefined ? null : { tokens: sign(known), end: at + 1 };
};

const opening = new Set(["(", "[", "{{"]);
const closing = new Set([")", "]", "}}"]);

/** The tokens of a formula in LaTeX or as it is typed; `null` if it has a character that no formula has. Linear. */
export const tokensOf = (text: string): readonly Token[] | null => {
  const tokens: Token[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const step = stepAt(text, at, depth);
    if (!step) return null;
    for (const token of step.tokens) {
      if (opening.has(token.text)) depth++;
      if (closing.has(token.text)) depth--;
      tokens.push(token);
    }
    at = step.end;
  }
  return tokens;
};
