import { atLeast, checkOptions, type Rules } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, greater, less, mul, stopGradient, sub } from "../graph/ops/elementwise.js";
import { cast, where } from "../graph/ops/select.js";
import { aggregateOf } from "./aggregate.js";
import type { LossInputs } from "./loss.js";

/** Settings of {@link valueLoss}. */
export interface ValueLossOptions {
  /** How far a value may move from the old one before the error stops getting smaller. */
  readonly epsilon: number;
}

/** Defaults of {@link valueLoss}: those of verl. */
export const valueLossDefaults: ValueLossOptions = { epsilon: 0.5 };

const rules: Rules<ValueLossOptions> = { epsilon: atLeast(0) };

/** What a value loss reads, [B, T]. */
export interface ValueInputs {
  /** What the critic says now: the only one with a gradient. */
  readonly values: Expr;
  /** What it said when the tokens were drawn. */
  readonly oldValues: Expr;
  /** What there was to say. */
  readonly returns: Expr;
}

/**
 * The clipped loss of a critic, for advantages that were made of its values (`generalisedAdvantage`). With N the tokens:
 *
 *     V'   = clip(V, V_old - epsilon, V_old + epsilon)        (no gradient where it is held)
 *     loss = sum_bt max((V - R)^2, (V' - R)^2) / (2 N)        (tokens that count; to be minimised)
 *
 * Metric `value_clip_fraction`: tokens where the clipped error is the larger one. Masked positions cannot matter.
 *
 * PPO's first implementation; Engstrom et al., Implementation Matters in Deep Policy Gradients (2020),
 * https://arxiv.org/abs/2005.12729. verl's `compute_value_loss`, TRL's `PPOTrainer`.
 *
 * @throws ConfigurationError for an epsilon that is no finite number of at least 0.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { valueLoss } from "@msrl/core/losses";
 * const [values, oldValues, returns, mask] = ["v", "o", "r", "m"].map((name) => input(name, "float32", ["batch", "time"]));
 * const [tokens, sequences] = ["tokens", "sequences"].map((name) => input(name, "float32", []));
 * const counts = { mask: mask!, tokens: tokens!, sequences: sequences! };
 * const { loss } = valueLoss()({ values: values!, oldValues: oldValues!, returns: returns! }, counts);
 * assert.deepStrictEqual(loss.shape, []);
 * @since 0.1.0
 */
export const valueLoss = (options: Partial<ValueLossOptions> = {}) => {
  const { epsilon } = checkOptions("valueLoss", rules, valueLossDefaults, options);
  return (
    inputs: ValueInputs,
    counts: Pick<LossInputs, "mask" | "tokens" | "sequences">,
  ): { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> } => {
    const kept = (x: Expr): Expr => where(greater(counts.mask, 0), x, 0);
    const values = kept(inputs.values);
    const [old, returns] = [inputs.oldValues, inputs.returns].map((x) => kept(stopGradient(x))) as [Expr, Expr];
    const [low, high] = [sub(old, epsilon), add(old, epsilon)];
    const near = where(greater(values, high), high, where(less(values, low), low, values));
    const error = (value: Expr): Expr => mul(sub(value, returns), sub(value, returns));
    const [free, held] = [error(values), error(near)];
    const worse = greater(held, free);
    const mean = aggregateOf({ aggregation: "tokenMean" });
    return {
      loss: mul(mean(where(worse, held, free), counts), 0.5),
      metrics: { value_clip_fraction: mean(cast(worse, values.dtype), counts) },
    };
  };
};
