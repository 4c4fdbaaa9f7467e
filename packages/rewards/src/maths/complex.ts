/** A complex number in float64. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const complex = (re: number, im = 0): Complex => ({ re, im });

export const add = (a: Complex, b: Complex): Complex => complex(a.re + b.re, a.im + b.im);

export const multiply = (a: Complex, b: Complex): Complex =>
  complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);

export const scale = (a: Complex, by: number): Complex => complex(a.re * by, a.im * by);

export const divide = (a: Complex, b: Complex): Complex => {
  const size = b.re * b.re + b.im * b.im;
  return complex((a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size);
};

export const absolute = (a: Complex): number => Math.hypot(a.re, a.im);

export const exp = (a: Complex): Complex =>
  a.im === 0 ? complex(Math.exp(a.re)) : complex(Math.exp(a.re) * Math.cos(a.im), Math.exp(a.re) * Math.sin(a.im));

/** The principal logarithm: its imaginary part is in (-pi, pi]. */
export const log = (a: Complex): Complex => complex(Math.log(absolute(a)), Math.atan2(a.im, a.re));

/** a^b by principal values; real where both are and it exists. */
export const power = (a: Complex, b: Complex): Complex => {
  if (b.re === 0 && b.im === 0) return complex(1);
  if (a.re === 0 && a.im === 0) return complex(b.re > 0 ? 0 : Number.NaN);
  if (a.im === 0 && b.im === 0 && (a.re > 0 || Number.isInteger(b.re))) return complex(a.re ** b.re);
  return exp(multiply(b, log(a)));
};

const i = complex(0, 1);

/** A sine or cosine; 0 where it is not 0 only because its argument, a multiple of pi / 2, is rounded. */
const circular =
  (f: (x: number) => number) =>
  (x: number): number => {
    const value = f(x);
    return Math.abs(x) > 1 && Math.abs(value) < Math.min(1e-15 * Math.abs(x), 1e-10) ? 0 : value;
  };
const [sine, cosine] = [circular(Math.sin), circular(Math.cos)];

export const sin = (a: Complex): Complex => complex(sine(a.re) * Math.cosh(a.im), cosine(a.re) * Math.sinh(a.im));

export const cos = (a: Complex): Complex => complex(cosine(a.re) * Math.cosh(a.im), -sine(a.re) * Math.sinh(a.im));

export const sinh = (a: Complex): Complex => multiply(scale(i, -1), sin(multiply(i, a)));

export const cosh = (a: Complex): Complex => cos(multiply(i, a));

/** -i ln(i a + sqrt(1 - a^2)). */
export const arcsin = (a: Complex): Complex => {
  if (a.im === 0 && Math.abs(a.re) <= 1) return complex(Math.asin(a.re));
  const root = power(add(complex(1), scale(multiply(a, a), -1)), complex(0.5));
  return multiply(scale(i, -1), log(add(multiply(i, a), root)));
};

/** (ln(1 + i a) - ln(1 - i a)) / 2 i. */
export const arctan = (a: Complex): Complex => {
  if (a.im === 0) return complex(Math.atan(a.re));
  const turned = multiply(i, a);
  const difference = add(log(add(complex(1), turned)), scale(log(add(complex(1), scale(turned, -1))), -1));
  return divide(difference, complex(0, 2));
};
