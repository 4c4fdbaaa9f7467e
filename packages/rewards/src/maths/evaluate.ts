import * as C from "./complex.js";
import { exactly } from "./exactFunctions.js";
import type { FunctionName, Scalar } from "./expression.js";
import { constants, nearly } from "./nearFunctions.js";
import { bitsOf, type Rational, rational, times, toNumber } from "./rational.js";

/** What the symbols stand for; constants (pi, e, i, infinity) need none. */
export type Assignment = (name: string) => Rational;

/** A value: exact where it is a fraction of moderate size, else in float64, parts of which are NaN where there is none. */
export type Value =
  | { readonly exact: Rational; readonly near?: undefined }
  | { readonly exact?: undefined; readonly near: C.Complex };

/** Any value in float64. */
export const nearValue = ({ exact, near }: Value): C.Complex => (exact ? C.complex(toNumber(exact)) : near!);

/** What exact arithmetic may still cost, in products of two 64-bit words; beyond it float64 goes on. */
export interface Work {
  left: number;
}

const mostWork = 60_000;
export const workOf = (): Work => ({ left: mostWork });

/** What a function's loop costs. */
const stepsOf = (name: FunctionName, [n, k]: readonly Rational[]): number => {
  const count =
    name === "factorial" ? n!.top : name === "binomial" ? (k!.top * 2n > n!.top ? n!.top - k!.top : k!.top) : 0n;
  return Math.min(Math.max(Number(count), 0), 250) / 4;
};

const wordsOf = (value: Rational): number => Math.ceil(bitsOf(value) / 64);

/** What looking for common factors costs: each with what was gathered before it, up to a size. */
const sharedCost = (exact: readonly Rational[], most: number): number => {
  let [cost, gathered] = [0, 0];
  for (const each of exact) {
    const words = wordsOf(each);
    cost += words * Math.min(gathered, most);
    gathered += words;
  }
  return cost;
};

/** What a function of exact fractions cost: its loop, its size, and what was shortened where fractions take part. */
const costOf = (name: FunctionName, exact: readonly Rational[], result: Rational | null): number => {
  if (name === "divide" || name === "gcd" || name === "lcm") return 1 + sharedCost(exact, 32);
  const words = result ? wordsOf(result) : exact.length > 2 ? 32 : 4;
  if (result?.bottom === 1n) return stepsOf(name, exact) + exact.length * words;
  return exact.length > 2 ? sharedCost(exact, words) : stepsOf(name, exact) + Math.max(2, words) * words;
};

const hundredth = rational(1n, 100n)!;

/** Where expressions are looked at: what symbols stand for, how large a fraction may be, and the values known so far. */
export interface Place {
  readonly assignment: Assignment;
  readonly mostBits: number;
  /** Odd roots of negative numbers by principal values as powers are, instead of real ones. */
  readonly principal: boolean;
  readonly known: WeakMap<Scalar, Value>;
  readonly work: Work;
}

const computed = (expression: Scalar, place: Place): Value => {
  switch (expression.kind) {
    case "number":
      return { exact: expression.value };
    case "based":
      return { exact: expression.value };
    case "percent": {
      const whole = evaluate(expression.value, place);
      const exact = whole.exact && times(whole.exact, hundredth);
      return exact ? { exact } : { near: C.scale(nearValue(whole), 0.01) };
    }
    case "symbol": {
      const constant = constants.get(expression.name);
      return constant ? { near: constant } : { exact: place.assignment(expression.name) };
    }
    case "call": {
      const given = expression.arguments.map((each) => evaluate(each, place));
      const exact = given.flatMap((each) => each.exact ?? []);
      const all = exact.length === given.length && place.work.left > 0;
      const result = (all && exactly[expression.name]?.(exact)) || null;
      if (all) place.work.left -= costOf(expression.name, exact, result);
      if (result && bitsOf(result) <= place.mostBits) return { exact: result };
      const near = given.map(nearValue);
      const principal = expression.name === "root" && place.principal;
      return { near: principal ? C.power(near[0]!, C.divide(C.complex(1), near[1]!)) : nearly[expression.name](near) };
    }
  }
};

/** The value of an expression; each of its parts is computed once a place, however often it is asked for. */
export const evaluate = (expression: Scalar, place: Place): Value => {
  const known = place.known.get(expression);
  if (known) return known;
  const value = computed(expression, place);
  place.known.set(expression, value);
  return value;
};
