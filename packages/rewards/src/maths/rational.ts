/** An exact fraction: its denominator is above 0, and they have no common factor. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** Numbers beyond so many bits are not computed exactly: a bound on the work that a short text can ask for. */
const mostBits = 2048;

const bits = (value: bigint): number => value.toString(16).length * 4;

export const gcd = (a: bigint, b: bigint): bigint => {
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

/** The larger size of both parts, in bits, rounded up to four. */
export const bitsOf = ({ top, bottom }: Rational): number => Math.max(bits(top), bits(bottom));

/** A fraction that is in lowest terms already; `null` if it is too large. */
const lowest = (top: bigint, bottom: bigint): Rational | null =>
  bits(top) > mostBits || bits(bottom) > mostBits ? null : { top, bottom };

/** a + b; common factors are looked for in the denominators only, which is cheap if one is small (Knuth, 4.5.1). */
export const plus = (a: Rational, b: Rational): Rational | null => {
  const shared = gcd(a.bottom, b.bottom);
  const top = a.top * (b.bottom / shared) + b.top * (a.bottom / shared);
  const left = shared === 1n ? 1n : gcd(top, shared);
  return lowest(top / left, (a.bottom / shared) * (b.bottom / left));
};

/** a b; each top is shortened by the other's bottom. */
export const times = (a: Rational, b: Rational): Rational | null => {
  const [first, second] = [gcd(a.top, b.bottom), gcd(b.top, a.bottom)];
  return lowest((a.top / first) * (b.top / second), (a.bottom / second) * (b.bottom / first));
};

/** 1 / a; `null` where a is 0. */
const inverse = ({ top, bottom }: Rational): Rational | null => {
  if (top === 0n) return null;
  return top < 0n ? { top: -bottom, bottom: -top } : { top: bottom, bottom: top };
};

/** a / b; `null` where b is 0. */
export const over = (a: Rational, b: Rational): Rational | null => {
  const turned = inverse(b);
  return turned && times(a, turned);
};

/** a to the power of a whole number; `null` where that is too large, or 0 to a negative power. */
export const toPower = (a: Rational, exponent: Rational): Rational | null => {
  if (exponent.bottom !== 1n || exponent.top > 4096n || exponent.top < -4096n) return null;
  const count = exponent.top < 0n ? -exponent.top : exponent.top;
  const size = Math.max(bits(a.top), bits(a.bottom)) - 3;
  if (size * Number(count) > mostBits) return null;
  const raised = lowest(a.top ** count, a.bottom ** count);
  return raised && exponent.top < 0n ? inverse(raised) : raised;
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
