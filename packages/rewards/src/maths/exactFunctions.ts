import type { FunctionName } from "./expression.js";
import { gcd, over, plus, type Rational, rational, times, toPower } from "./rational.js";

type Exact = (given: readonly Rational[]) => Rational | null;

/** The exact root of a fraction, if it has one. */
const exactRoot = (value: Rational, degree: Rational): Rational | null => {
  if (degree.bottom !== 1n || degree.top < 2n || degree.top > 16n || value.top < 0n) return null;
  const most = 2n ** 900n;
  if (value.top > most || value.bottom > most) return null;
  const root = (n: bigint): bigint | null => {
    const guess = BigInt(Math.round(Number(n) ** (1 / Number(degree.top))));
    return [guess - 1n, guess, guess + 1n].find((each) => each >= 0n && each ** degree.top === n) ?? null;
  };
  const [top, bottom] = [root(value.top), root(value.bottom)];
  return top === null || bottom === null ? null : rational(top, bottom);
};

const factorial: Exact = ([n]) => {
  if (n!.bottom !== 1n || n!.top < 0n || n!.top > 170n) return null;
  let product = 1n;
  for (let k = 2n; k <= n!.top; k++) product *= k;
  return rational(product);
};

const binomial: Exact = ([n, k]) => {
  if (k!.bottom !== 1n) return null;
  if (n!.bottom !== 1n || n!.top < 0n) return fallingOver(n!, k!.top);
  if (k!.top < 0n || k!.top > n!.top) return rational(0n);
  if (n!.top > 500n) return null;
  const fewer = k!.top * 2n > n!.top ? n!.top - k!.top : k!.top;
  let product = 1n;
  for (let j = 0n; j < fewer; j++) product = (product * (n!.top - j)) / (j + 1n);
  return rational(product);
};

/** n (n - 1) .. (n - k + 1) / k!, of any n; where n is a symbol, it stands for a fraction. */
const fallingOver = (n: Rational, k: bigint): Rational | null => {
  if (k < 0n || k > 20n) return null;
  let product = rational(1n);
  for (let j = 0n; j < k && product; j++) {
    const next = rational(n.top - j * n.bottom, n.bottom * (j + 1n));
    product = next && times(product, next);
  }
  return product;
};

const negate: Exact = ([a]) => rational(-a!.top, a!.bottom);

const floor: Exact = ([a]) => {
  const quotient = a!.top / a!.bottom;
  return rational(a!.top < 0n && quotient * a!.bottom !== a!.top ? quotient - 1n : quotient);
};

const ceil: Exact = (given) => {
  const below = negate(given);
  const floored = below && floor([below]);
  return floored && negate([floored]);
};

const power: Exact = ([a, b]) => {
  const whole = toPower(a!, b!);
  if (whole || b!.bottom === 1n) return whole;
  const raised = toPower(a!, { top: b!.top, bottom: 1n });
  return raised && exactRoot(raised, { top: b!.bottom, bottom: 1n });
};

/** The largest fraction of which both are whole multiples: that of whole numbers is the usual one. */
const commonDivisor = (a: Rational, b: Rational): Rational | null =>
  rational(gcd(a.top * b.bottom, (b.top < 0n ? -b.top : b.top) * a.bottom), a.bottom * b.bottom);

const commonMultiple = (a: Rational, b: Rational): Rational | null => {
  if (a.top === 0n || b.top === 0n) return rational(0n);
  const [product, shared] = [times(a, b), commonDivisor(a, b)];
  const multiple = product && shared && over(product, shared);
  return multiple && rational(multiple.top < 0n ? -multiple.top : multiple.top, multiple.bottom);
};

const smaller = (a: Rational, b: Rational): Rational => (a.top * b.bottom <= b.top * a.bottom ? a : b);
const larger = (a: Rational, b: Rational): Rational => (smaller(a, b) === a ? b : a);

/** One after the other, for as long as there is a value. */
const through =
  (step: (a: Rational, b: Rational) => Rational | null): Exact =>
  ([first, ...others]) =>
    others.reduce<Rational | null>((sum, each) => sum && step(sum, each), first!);

/** Functions of fractions whose value is a fraction; `null` where it is none, or too large to be computed. */
export const exactly: Readonly<Partial<Record<FunctionName, Exact>>> = {
  add: (given) => given.reduce<Rational | null>((sum, each) => sum && plus(sum, each), rational(0n)),
  multiply: (given) => given.reduce<Rational | null>((product, each) => product && times(product, each), rational(1n)),
  divide: ([a, b]) => over(a!, b!),
  negate,
  power,
  root: ([a, degree]) => exactRoot(a!, degree!),
  factorial,
  binomial,
  absolute: ([a]) => rational(a!.top < 0n ? -a!.top : a!.top, a!.bottom),
  floor,
  ceil,
  gcd: through(commonDivisor),
  lcm: through(commonMultiple),
  max: through(larger),
  min: through(smaller),
};
