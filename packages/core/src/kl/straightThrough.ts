import type { Expr } from "../graph/expr.js";
import { add, mul, stopGradient, sub } from "../graph/ops/elementwise.js";
import type { KlEstimator } from "./klEstimator.js";
import { logRatio } from "./logRatio.js";

/**
 * An estimator with the value it has and the gradient of {@link k2}:
 *
 *     value    = k(p, q)
 *     gradient = that of d^2 / 2, which is d        d = log p - log q, held within +-60 nats
 *
 * The expectation of k1 and k3 over tokens drawn from the policy is the KL divergence, that of their gradients is not
 * its gradient; k2's is. verl's forms with a plus (`k1+`, `k3+`, `abs+`, `low_var_kl+`).
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html; Bengio et al., Estimating or
 * Propagating Gradients Through Stochastic Neurons (2013), https://arxiv.org/abs/1308.3432
 *
 * @example
 * import { grad, input, reduceSum } from "@msrl/core/graph";
 * import { k3, straightThrough } from "@msrl/core/kl";
 * const [policy, reference] = ["policy", "reference"].map((name) => input(name, "float32", ["batch", "time"]));
 * const [gradient] = grad(reduceSum(straightThrough(k3)(policy!, reference!)), [policy!]);
 * assert.deepStrictEqual(gradient!.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const straightThrough =
  (estimator: KlEstimator): KlEstimator =>
  (logProbs: Expr, referenceLogProbs: Expr): Expr => {
    const d = logRatio(logProbs, referenceLogProbs);
    const slope = mul(mul(d, d), 0.5);
    return add(stopGradient(estimator(logProbs, referenceLogProbs)), sub(slope, stopGradient(slope)));
  };
