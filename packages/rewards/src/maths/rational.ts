/** An exact fraction: its denominator is above 0, and they have no common factor. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** Numbers beyond so many bits are not computed exactly: a bound on the work that a short text can ask for. */
const mostBits = 4096;

const bits = (value: bigint): number => value.toString(16).length * 4;

const gcd = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
};

/** A fraction in lowest terms; `null` if it has no value or is too large. */
export const rational = (top: bigint, bottom = 1n): Rational | null => {
  if (bottom === 0n || bits(top) > 2 * mostBits || bits(bottom) > 2 * mostBits) return null;
  const shared = gcd(top, bottom < 0n ? -bottom : bottom) || 1n;
  const sign = bottom < 0n ? -1n : 1n;
  const [above, below] = [(sign * top) / shared, (sign * bottom) / shared];
  return bits(above) > mostBits || bits(below) > mostBits ? null : { top: above, bottom: below };
};

/** a + b. */
export const plus = (a: Rational, b: Rational): Rational | null =>
  rational(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);

/** a b. */
export const times = (a: Rational, b: Rational): Rational | null => rational(a.top * b.top, a.bottom * b.bottom);

/** a / b; `null` where b is 0. */
export const over = (a: Rational, b: Rational): Rational | null => rational(a.top * b.bottom, a.bottom * b.top);

/** a to the power of a whole number; `null` where that is too large, or 0 to a negative power. */
export const toPower = (a: Rational, exponent: Rational): Rational | null => {
  if (exponent.bottom !== 1n || exponent.top > 4096n || exponent.top < -4096n) return null;
  const count = exponent.top < 0n ? -exponent.top : exponent.top;
  const size = Math.max(bits(a.top), bits(a.bottom)) - 3;
  if (size * Number(count) > mostBits) return null;
  const [top, bottom] = [a.top ** count, a.bottom ** count];
  return exponent.top < 0n ? rational(bottom, top) : rational(top, bottom);
};

/** As a float64. */
export const toNumber = ({ top, bottom }: Rational): number => {
  const [above, below] = [Number(top), Number(bottom)];
  if (Number.isFinite(above) && Number.isFinite(below)) return above / below;
  const shift = BigInt(Math.max(0, bits(top) - 1000, bits(bottom) - 1000));
  return Number(top >> shift) / Number(bottom >> shift);
};

/** A decimal as it is written: digits, perhaps a point, perhaps an exponent. */
export const decimal = (text: string): Rational | null => {
  const match = /^(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i.exec(text);
  if (!match) return null;
  const [, whole = "", part = "", exponent = "0"] = match;
  const shift = Number(exponent) - part.length;
  if (whole + part === "" || Math.abs(shift) > 1000) return null;
  const digits = BigInt(whole + part);
  return shift < 0 ? rational(digits, 10n ** BigInt(-shift)) : rational(digits * 10n ** BigInt(shift));
};
