import { type Expression, isScalar, type Scalar } from "./expression.js";
import type { Token } from "./tokens.js";

/** Longer texts are no answers, deeper ones are not read: bounds on the work that a text can ask for. */
export const mathsLimits = {
  characters: 1000,
  depth: 60,
  items: 50,
  terms: 1000,
  work: 16_000,
  symbolicWork: 2000,
} as const;

/** Why a text is none; caught by `parseMaths`. */
export class Unreadable extends Error {}

export const refuse = (reason: string): never => {
  throw new Unreadable(reason);
};

export const scalarOnly = (expression: Expression): Scalar =>
  isScalar(expression) ? expression : refuse("one value wanted, several found");

/** Reads tokens from left to right; each function below takes one kind of thing from where the reader stands. */
export interface Reader {
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
  /** Bars of `|x|` that are open: there the next one closes. */
  bars: number;
  /** Within the argument of a sine or the like: there degrees count. */
  angle: boolean;
  /** Pieces of sums that were written out. */
  work: number;
  /** What brackets hold, read by the grammar above the atoms. */
  readonly sum: (reader: Reader) => Expression;
  /** Factors, up to the next plus or minus. */
  readonly product: (reader: Reader) => Expression;
  /** What stands in braces, or the next single thing. */
  readonly argument: (reader: Reader) => Scalar;
  readonly relation: (reader: Reader) => Expression;
}

export const peek = ({ tokens, at }: Reader, ahead = 0): string | undefined => tokens[at + ahead]?.text;
export const kindAhead = ({ tokens, at }: Reader): Token["kind"] | undefined => tokens[at]?.kind;
export const isSign = (reader: Reader, sign: string): boolean => kindAhead(reader) === "sign" && peek(reader) === sign;
export const isWord = (reader: Reader, word: string): boolean => kindAhead(reader) === "word" && peek(reader) === word;

export const accept = (reader: Reader, sign: string): boolean => {
  if (!isSign(reader, sign)) return false;
  reader.at++;
  return true;
};

export const expect = (reader: Reader, sign: string): void => {
  if (!accept(reader, sign)) refuse(`${sign} wanted, ${peek(reader) ?? "the end"} found`);
};

/** One level deeper; too deep is refused. */
export const deeper = <Result>(reader: Reader, read: () => Result): Result => {
  if (++reader.depth > mathsLimits.depth) refuse("nested too deeply");
  const result = read();
  reader.depth--;
  return result;
};
