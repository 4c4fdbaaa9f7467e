import { above, checkOptions, type Rules } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, div, greaterOrEqual, mul, sqrt } from "../graph/ops/elementwise.js";
import { scalar } from "../graph/ops/op.js";
import { reduceSumSquare } from "../graph/ops/reduce.js";
import { cast, where } from "../graph/ops/select.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord } from "./state.js";

/** Settings of {@link clipByGlobalNorm}. */
export interface ClipByGlobalNormOptions {
  /** Largest norm that all gradients together may have. */
  readonly maxNorm: number;
}

const rules: Rules<ClipByGlobalNormOptions> = { maxNorm: above(0) };

/** Keeps the division from 0, as torch does. */
const smallest = 1e-6;

/** sqrt(sum of g^2) over all gradients. */
const globalNorm = (gradients: readonly Expr[]): Expr => {
  const [first, ...others] = gradients.map((gradient) => reduceSumSquare(gradient));
  if (!first) return scalar(0);
  return sqrt(others.reduce((sum, square) => add(sum, cast(square, first.dtype)), first));
};

/**
 * Scales all gradients by one factor, so that their common norm is at most `maxNorm`.
 *
 *     norm = sqrt(sum over all gradients of g^2)
 *     g   <- g min(1, maxNorm / (norm + 1e-6))
 *
 * Equals `torch.nn.utils.clip_grad_norm_`: a NaN makes every gradient NaN, an infinite one the infinite ones NaN and
 * the others 0. Metric `gradient_norm`: the norm before. No state.
 *
 * Pascanu et al., On the Difficulty of Training Recurrent Neural Networks (2013), https://arxiv.org/abs/1211.5063
 *
 * @throws ConfigurationError if `maxNorm` is not a finite number above 0.
 * @example
 * import { clipByGlobalNorm } from "@msrl/core/optim";
 * assert.deepStrictEqual(clipByGlobalNorm({ maxNorm: 1 }).options, { maxNorm: 1 });
 * @since 0.1.0
 */
export const clipByGlobalNorm = (options: ClipByGlobalNormOptions): GradientTransform => {
  const { maxNorm } = checkOptions("clipByGlobalNorm", rules, {}, options);
  return {
    name: "clip_by_global_norm",
    options: { maxNorm },
    init: () => ({}),
    update: (gradients) => {
      const norm = globalNorm(Object.values(gradients));
      const wanted = div(maxNorm, add(norm, smallest));
      const scale = where(greaterOrEqual(wanted, 1), 1, wanted); // a NaN stays one
      return {
        updates: mapRecord(gradients, (gradient) => mul(gradient, cast(scale, gradient.dtype))),
        state: {},
        metrics: { gradient_norm: norm },
      };
    },
  };
};
