import * as C from "./complex.js";
import { exactly } from "./exactFunctions.js";
import type { Scalar } from "./expression.js";
import { constants, nearly } from "./nearFunctions.js";
import { type Rational, rational, times, toNumber } from "./rational.js";

/** What the symbols stand for; constants (pi, e, i, infinity) need none. */
export type Assignment = (name: string) => Rational;

/** A value: exact where it is a fraction of moderate size, else in float64, parts of which are NaN where there is none. */
export type Value =
  | { readonly exact: Rational; readonly near?: undefined }
  | { readonly exact?: undefined; readonly near: C.Complex };

/** Any value in float64. */
export const nearValue = ({ exact, near }: Value): C.Complex => (exact ? C.complex(toNumber(exact)) : near!);

const hundredth = rational(1n, 100n)!;

/** The value of an expression, each of its parts looked at once. */
export const evaluate = (expression: Scalar, assignment: Assignment): Value => {
  switch (expression.kind) {
    case "number":
      return { exact: expression.value };
    case "percent": {
      const whole = evaluate(expression.value, assignment);
      const exact = whole.exact && times(whole.exact, hundredth);
      return exact ? { exact } : { near: C.scale(nearValue(whole), 0.01) };
    }
    case "symbol": {
      const constant = constants.get(expression.name);
      return constant ? { near: constant } : { exact: assignment(expression.name) };
    }
    case "call": {
      const given = expression.arguments.map((each) => evaluate(each, assignment));
      const exact = given.flatMap((each) => each.exact ?? []);
      const result = exact.length === given.length ? exactly[expression.name]?.(exact) : null;
      return result ? { exact: result } : { near: nearly[expression.name](given.map(nearValue)) };
    }
  }
};
