import { configurationError } from "../configuration.js";
import type { Expr, TensorType } from "../graph/expr.js";
import { type Tensor, zeros } from "../tensor.js";
import type { Exprs } from "./optimizer.js";

/** The same function of every value of a record. */
export const mapRecord = <A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A, name: string) => B,
): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));

/** The same record with every name prefixed. */
export const underPrefix = <A>(prefix: string, record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}${name}`, value]));

/** The values under a prefix, the prefix taken off. */
export const withoutPrefix = <A>(prefix: string, record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );

/** Zeros like every parameter. */
export const zerosLike = (
  where: string,
  parameters: Readonly<Record<string, TensorType>>,
): Readonly<Record<string, Tensor>> =>
  mapRecord(parameters, ({ dtype, shape }, name) => {
    if (shape.every((dim): dim is number => typeof dim === "number")) return zeros(dtype, shape);
    const problem = { field: `parameter "${name}"`, given: `[${shape.join(", ")}]`, wanted: "a shape of numbers" };
    throw configurationError(where, [problem]);
  });

/** A value of a transform's state. */
export const stateOf = (state: Exprs, name: string): Expr => {
  const value = state[name];
  if (!value) throw new TypeError(`the optimizer's state has no "${name}", only ${Object.keys(state).join(", ")}`);
  return value;
};
