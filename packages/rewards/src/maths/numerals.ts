import type { Scalar } from "./expression.js";
import { decimal, type Rational, rational } from "./rational.js";

const baseNames: readonly string[] =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split(" ");

/** Digits, a bar over some: groups whole, part, period. What goes on behind the bar is none. */
const repeating = /(\d*)\.(\d*)\\(?:overline|bar)\s*(?:\{\s*(\d+)\s*\}|(\d))(?!\s*(?:\d|\\overline|\\bar))/y;

/** Digits, perhaps capital letters among them, and a base below them: `1F_{16}`, `101_2`, `101_{\text{two}}`. */
const based =
  /(\d[\dA-Z]{0,63}(?:\.[\dA-Z]{1,64})?)_(?:\{([^{}]{1,20}|\\[a-z]{2,12}\s?\{[^{}]{1,20}\})\}|(\d{1,2})(?!\d))/y;

/** The base that a subscript names, from 2 to 36. */
const baseOf = (text: string): number | null => {
  const name = text
    .replace(/\\[a-z]+/g, "")
    .replace(/[{}()\s]/g, "")
    .toLowerCase();
  const base = /^\d{1,2}$/.test(name) ? Number(name) : baseNames.indexOf(name);
  return base >= 2 && base <= 36 ? base : null;
};

const digitsIn = (text: string, base: number): boolean =>
  [...text].every((digit) => digit === "." || Number.parseInt(digit, 36) < base);

/** A number that is more than a plain decimal, where one begins: how {@link numeral} reads it, and where it ends. */
export const numeralAt = (text: string, at: number): { readonly text: string; readonly end: number } | null => {
  repeating.lastIndex = based.lastIndex = at;
  const endless = repeating.exec(text);
  if (endless) {
    const [all, whole, part, group, digit] = endless;
    return { text: `${whole}.${part}(${group ?? digit})`, end: at + all.length };
  }
  const written = based.exec(text);
  if (!written) return null;
  const base = baseOf(written[2] ?? written[3]!);
  if (base === null || !digitsIn(written[1]!, base)) return null;
  return { text: `${written[1]}_${base}`, end: at + written[0].length };
};

/** a.b(c): all digits less those before the period, over as many nines as it has digits and zeros as stand before it. */
const repeated = (whole: string, part: string, period: string): Rational | null =>
  rational(
    BigInt(whole + part + period) - BigInt(whole + part || "0"),
    (10n ** BigInt(period.length) - 1n) * 10n ** BigInt(part.length),
  );

const inBase = (digits: string, base: number): Rational | null => {
  const [whole, part = ""] = digits.split(".") as [string, string?];
  const all = [...(whole + part)].reduce((sum, digit) => sum * BigInt(base) + BigInt(Number.parseInt(digit, 36)), 0n);
  return rational(all, BigInt(base) ** BigInt(part.length));
};

/** A number token: a decimal, one with a period as `0.1(6)`, one in a base as `1F_16`; `null` if it is too large. */
export const numeral = (text: string): Scalar | null => {
  const [, whole, part, period] = /^(\d*)\.(\d*)\((\d+)\)$/.exec(text) ?? [];
  const [, digits, name] = /^([\dA-Z.]+)_(\d+)$/.exec(text) ?? [];
  const base = Number(name ?? 10);
  const value = period ? repeated(whole!, part!, period) : digits ? inBase(digits, base) : decimal(text);
  if (!value) return null;
  if (base !== 10) return { kind: "based", value, base };
  return { kind: "number", value, written: !period && /[.e]/i.test(text) };
};
