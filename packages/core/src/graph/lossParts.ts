import type { Expr } from "./expr.js";

/** What a function to be differentiated gives: a scalar, or a scalar loss with scalars that report it. */
export type LossResult = Expr | { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> };

/** The scalar to be differentiated and the metrics, if there are any. */
export const lossParts = (
  result: LossResult,
): { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> } =>
  "loss" in result ? result : { loss: result, metrics: {} };
