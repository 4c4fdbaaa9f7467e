import type { Expr } from "../../graph/expr.js";
import { equal, mul } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import { distinctNames } from "../../named.js";

/** What a correction reads, all [B, T], nats, no gradient, 0 where no token counts. */
export interface CorrectionInputs {
  readonly logProbs: Expr;
  readonly oldLogProbs: Expr;
  /** As the sampler reported them; NaN where it could not. */
  readonly samplerLogProbs: Expr;
  readonly advantages: Expr;
  /** 1 where a token counts, else 0. */
  readonly mask: Expr;
}

/** Weights that make up for tokens drawn by another policy than the loss takes for the old one. */
export interface Correction {
  readonly name: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** `weight`: an importance weight, be it 0 for some tokens; `mask`: only ever 0 or 1. */
  readonly kind: "weight" | "mask";
  /** What one weight stands for. */
  readonly level: "token" | "sequence";
  /** The weight of each token, [B, T]. */
  readonly weigh: (inputs: CorrectionInputs) => Expr;
}

/** Product of the weights of some corrections; nothing for none of them. */
export const productOf = (corrections: readonly Correction[], inputs: CorrectionInputs): Expr | undefined => {
  const [first, ...others] = corrections.map(({ weigh }) => weigh(inputs));
  return first && others.reduce((product, each) => mul(product, each), first);
};

/** Values times weights, 0 where the weight is, whatever the value. */
export const weighted = (values: Expr, weights: Expr): Expr => where(equal(weights, 0), 0, mul(values, weights));

/** What a report prints of corrections: their names and options. */
export const correctionOptions = (
  corrections: readonly Correction[],
): Readonly<Record<string, number | string | boolean>> => {
  if (corrections.length === 0) return {};
  const names = distinctNames(corrections.map(({ name }) => name));
  const each = corrections.flatMap(({ options }, at) =>
    Object.entries(options).map(([key, value]) => [`${names[at]}.${key}`, value] as const),
  );
  return { correction: names.join(" * "), ...Object.fromEntries(each) };
};
