import type { Expr } from "../../graph/index.js";

/** Named weights inside a graph. */
export type Weights = Readonly<Record<string, Expr>>;

/** A weight by its name. */
export const weight = (weights: Weights, name: string): Expr => {
  const found = weights[name];
  if (!found) throw new RangeError(`the model has no weight ${name}`);
  return found;
};

/** Under this name stands the id of the token whose embedding learns nothing from being read. */
export const paddingName = "padding_id";
