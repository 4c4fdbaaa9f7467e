import type { Expr, TensorType } from "../graph/expr.js";
import type { Tensors } from "../tensor.js";

/** Named expressions: parameters, gradients, optimizer state. */
export type Exprs = Readonly<Record<string, Expr>>;

/**
 * A gradient transform in optax's sense: a pair of pure functions on named expressions.
 *
 * `update` maps gradients (and its state) to updates, which are *added* to the parameters; `chain` composes, its unit is `identity`.
 * (Optax: composable gradient transformation and optimisation, in JAX, 2020, https://github.com/google-deepmind/optax)
 */
export interface GradientTransform {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The first state, given names, element types and shapes of the parameters. */
  init(parameters: Readonly<Record<string, TensorType>>): Tensors;
  update(
    gradients: Exprs,
    state: Exprs,
    parameters: Exprs,
  ): { readonly updates: Exprs; readonly state: Exprs; readonly metrics: Exprs };
}

/** A learning rate over time: `at(count)` is its expression, `count` the number of updates made before (float32 scalar). */
export interface Schedule {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  at(count: Expr): Expr;
}

/** A transform and the parameter groups it trains; every other group is frozen and costs no gradient. */
export interface Optimizer {
  readonly transform: GradientTransform;
  /** Names of parameter groups, such as `language`; absent: all of them. */
  readonly trains?: readonly string[];
}
