import { abs } from "./abs.js";
import { k1 } from "./k1.js";
import { k2 } from "./k2.js";
import { k3 } from "./k3.js";
import type { KlEstimator } from "./klEstimator.js";
import { lowVariance } from "./lowVariance.js";
import { straightThrough } from "./straightThrough.js";

/** Names of the estimators, as an option takes them; those with a plus have the gradient of k2. */
export type KlEstimatorName = "k1" | "k2" | "k3" | "abs" | "lowVariance" | "k1+" | "k3+" | "abs+" | "lowVariance+";

/** The estimators by name. */
export const klEstimators: Readonly<Record<KlEstimatorName, KlEstimator>> = {
  k1,
  k2,
  k3,
  abs,
  lowVariance,
  "k1+": straightThrough(k1),
  "k3+": straightThrough(k3),
  "abs+": straightThrough(abs),
  "lowVariance+": straightThrough(lowVariance),
};
