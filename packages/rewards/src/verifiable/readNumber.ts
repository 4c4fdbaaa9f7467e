/** A number as it is written, and the unit behind it. */
export interface Quantity {
  readonly value: number;
  /** What follows the number, without white space at its ends; empty: no unit. */
  readonly unit: string;
}

const plain = "\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d*)?|\\.\\d+";
const pattern = new RegExp(
  `^([+-]?)\\s*(\\$?)\\s*(${plain})(?:e([+-]?\\d{1,3}))?(?:\\s*/\\s*(\\d+(?:\\.\\d+)?))?\\s*(.*)$`,
  "is",
);

/** Longer texts are no numbers: a bound on the work that a pattern can make. */
const longest = 200;

/**
 * Reads a text that is one number: `-3`, `1,234.5`, `2e-3`, `3/4`, `$5`, `50%`, `12 km`; `null`: it is none.
 *
 * A percentage is its number over 100, and `%` is no unit. Commas stand between groups of three digits only.
 *
 * @example
 * import { readNumber } from "@msrl/rewards";
 * assert.deepStrictEqual(readNumber(" 1,250 m "), { value: 1250, unit: "m" });
 * assert.deepStrictEqual([readNumber("3/4")?.value, readNumber("50%")?.value, readNumber("1,2"), readNumber("two")], [0.75, 0.5, null, null]);
 * @since 0.1.0
 */
export const readNumber = (text: string): Quantity | null => {
  const trimmed = text.trim().replace(/^\u2212/, "-");
  if (trimmed.length > longest) return null;
  const match = pattern.exec(trimmed);
  if (!match) return null;
  const [, sign, , digits, exponent = "0", below = "1", rest] = match;
  const top = Number(`${digits!.replaceAll(",", "")}e${exponent}`);
  const percent = rest!.startsWith("%") || rest!.startsWith("\\%");
  const value = ((sign === "-" ? -1 : 1) * top) / Number(below) / (percent ? 100 : 1);
  const unit = percent ? rest!.replace(/^\\?%/, "").trim() : rest!.trim();
  return Number.isFinite(value) && !/^[\d,./]/.test(unit) ? { value: value + 0, unit } : null;
};
