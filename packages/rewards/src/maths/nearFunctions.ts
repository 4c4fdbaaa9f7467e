import * as C from "./complex.js";
import type { FunctionName } from "./expression.js";

/** Symbols that stand for a number of their own. */
export const constants: ReadonlyMap<string, C.Complex> = new Map([
  ["pi", C.complex(Math.PI)],
  ["e", C.complex(Math.E)],
  ["i", C.complex(0, 1)],
  ["infinity", C.complex(Number.POSITIVE_INFINITY)],
]);

const inverse = (a: C.Complex): C.Complex => C.divide(C.complex(1), a);

/** A function of real numbers; anything else has no value. */
const real =
  (f: (x: number) => number) =>
  ([a]: readonly C.Complex[]): C.Complex =>
    C.complex(Math.abs(a!.im) < 1e-12 ? f(a!.re) : Number.NaN);

const series = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** Gamma(x + 1), for what is no whole number. Lanczos, A precision approximation of the gamma function, 1964. */
const factorial = (x: number): number => {
  if (x < -0.5) return Math.PI / (Math.sin(Math.PI * (x + 1)) * factorial(-x - 1));
  const sum = series.reduce((total, c, at) => total + c / (x + at + 1), 0.9999999999998099);
  const t = x + 7.5;
  return Math.sqrt(2 * Math.PI) * t ** (x + 0.5) * Math.exp(-t) * sum;
};

const nearFactorial = real(factorial);

/** Odd roots of negative numbers are real, as in school; all others by principal values. */
const root = ([a, degree]: readonly C.Complex[]): C.Complex => {
  const odd = degree!.im === 0 && degree!.re % 2 === 1 && a!.im === 0 && a!.re < 0;
  return odd ? C.complex(-((-a!.re) ** (1 / degree!.re))) : C.power(a!, inverse(degree!));
};

/** The largest or smallest of real numbers. */
const extreme =
  (f: (...given: readonly number[]) => number) =>
  (given: readonly C.Complex[]): C.Complex =>
    C.complex(f(...given.map(({ re, im }) => (Math.abs(im) < 1e-12 ? re : Number.NaN))));

/** Functions in float64. */
export const nearly: Readonly<Record<FunctionName, (given: readonly C.Complex[]) => C.Complex>> = {
  add: (given) => given.reduce(C.add, C.complex(0)),
  multiply: (given) => given.reduce(C.multiply, C.complex(1)),
  divide: ([a, b]) => C.divide(a!, b!),
  negate: ([a]) => C.scale(a!, -1),
  power: ([a, b]) => C.power(a!, b!),
  root,
  factorial: nearFactorial,
  binomial: ([n, k]) =>
    C.divide(nearFactorial([n!]), C.multiply(nearFactorial([k!]), nearFactorial([C.add(n!, C.scale(k!, -1))]))),
  absolute: ([a]) => C.complex(C.absolute(a!)),
  exp: ([a]) => C.exp(a!),
  ln: ([a]) => C.log(a!),
  log: ([a, base]) => C.divide(C.log(a!), C.log(base ?? C.complex(10))),
  sin: ([a]) => C.sin(a!),
  cos: ([a]) => C.cos(a!),
  tan: ([a]) => C.divide(C.sin(a!), C.cos(a!)),
  cot: ([a]) => C.divide(C.cos(a!), C.sin(a!)),
  sec: ([a]) => inverse(C.cos(a!)),
  csc: ([a]) => inverse(C.sin(a!)),
  arcsin: ([a]) => C.arcsin(a!),
  arccos: ([a]) => C.add(C.complex(Math.PI / 2), C.scale(C.arcsin(a!), -1)),
  arctan: ([a]) => C.arctan(a!),
  sinh: ([a]) => C.sinh(a!),
  cosh: ([a]) => C.cosh(a!),
  tanh: ([a]) => C.divide(C.sinh(a!), C.cosh(a!)),
  gcd: () => C.complex(Number.NaN),
  lcm: () => C.complex(Number.NaN),
  max: extreme(Math.max),
  min: extreme(Math.min),
  floor: real(Math.floor),
  ceil: real(Math.ceil),
};
