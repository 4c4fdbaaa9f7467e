import { fold, key, uniform } from "@msrl/core";
import { type Assignment, type Place, type Work, workOf } from "./evaluate.js";
import type { Scalar } from "./expression.js";
import { constants } from "./nearFunctions.js";
import { type Rational, rational } from "./rational.js";

/** Places at which two expressions with symbols are compared: on both sides of 0, small and large. */
const placeCount = 8;

/** Largest exact fractions where there are no symbols, and at the places where there are. */
const mostBits = { plain: 2048, symbolic: 512 } as const;

/** The places of one comparison: the first without symbols, the others for them. */
export interface Places {
  readonly plain: Place;
  readonly symbolic: readonly Place[];
  /** The same with roots by principal values: there the cube root of x is x^{1/3}. */
  readonly principal: readonly Place[];
  /** What is known of expressions. */
  readonly traits: WeakMap<Scalar, Traits>;
}

/** Whether a decimal takes part (then what rounds to it is equal to it), a symbol, a root; the base. */
export interface Traits {
  readonly root: boolean;
  readonly decimal: boolean;
  readonly symbolic: boolean;
  /** The base that numbers are written in; 0 if there are several beside ten. */
  readonly base: number;
}

/** What a symbol stands for at a place: a fraction of its own, always the same, never 0 or 1. */
const assignmentAt =
  (place: number): Assignment =>
  (name) => {
    const [first, second, third] = uniform(fold(fold(key(1), name), place), 3);
    const top = BigInt(2 + Math.floor(first! * 61));
    // All of them positive, then all negative, then each by its own draw: |x| + |y| is not |x + y|.
    const sign = place === 0 || (place > 1 && third! < 0.5) ? 1n : -1n;
    return rational(sign * (3n * top + 1n), BigInt(3 + Math.floor(second! * 17) * 3))!;
  };

const placeAt = (place: number, most: number, work: Work, principal = false): Place => {
  const fractions = new Map<string, Rational>();
  const assignment = (name: string): Rational => {
    const value = fractions.get(name) ?? assignmentAt(place)(name);
    fractions.set(name, value);
    return value;
  };
  return { assignment, mostBits: most, principal, known: new WeakMap(), work };
};

/** Places that know nothing yet. */
export const placesOf = (): Places => {
  const work = workOf();
  return {
    plain: placeAt(0, mostBits.plain, work),
    symbolic: Array.from({ length: placeCount }, (_, place) => placeAt(place, mostBits.symbolic, work)),
    principal: Array.from({ length: placeCount }, (_, place) => placeAt(place, mostBits.symbolic, work, true)),
    traits: new WeakMap(),
  };
};

/** The one base beside ten. */
const baseOf = (bases: readonly number[]): number => {
  const others = new Set(bases.filter((base) => base !== 10));
  return others.size > 1 ? 0 : ([...others][0] ?? 10);
};

/** What an expression is made of; each piece is looked at once. */
export const traitsOf = (expression: Scalar, traits: Places["traits"]): Traits => {
  const known = traits.get(expression);
  if (known) return known;
  const parts =
    expression.kind === "call" ? expression.arguments : expression.kind === "percent" ? [expression.value] : [];
  const below = parts.map((part) => traitsOf(part, traits));
  const found: Traits = {
    base: expression.kind === "based" ? expression.base : baseOf(below.map(({ base }) => base)),
    root: (expression.kind === "call" && expression.name === "root") || below.some(({ root }) => root),
    decimal: (expression.kind === "number" && expression.written) || below.some(({ decimal }) => decimal),
    symbolic:
      (expression.kind === "symbol" && !constants.has(expression.name)) || below.some(({ symbolic }) => symbolic),
  };
  traits.set(expression, found);
  return found;
};
