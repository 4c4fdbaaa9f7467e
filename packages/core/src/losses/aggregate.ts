import { type ConfigurationProblem, checkOptions, oneOf, optional, type Rules, wholeFrom } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { div, greater, max, mul } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast, where } from "../graph/ops/select.js";
import type { LossInputs } from "./loss.js";

/** Ways to make one number of a number a token. */
export const aggregations = ["tokenMean", "sequenceMean", "sequenceSum", "constant"] as const;

/** One of {@link aggregations}. */
export type Aggregation = (typeof aggregations)[number];

/** Settings of {@link aggregate}. */
export interface AggregateOptions {
  /**
   * `tokenMean`: over all tokens (DAPO); `sequenceMean`: mean over sequences of the means over their tokens (GRPO);
   * `sequenceSum`: mean over sequences of the sums over their tokens; `constant`: as that, over `maxTokens` (Dr. GRPO).
   */
  readonly aggregation: Aggregation;
  /** Tokens a completion may have at most: what `constant` divides by. */
  readonly maxTokens?: number;
}

/** Rules of the options, for whatever takes them along. */
export const aggregateRules: Rules<AggregateOptions> = {
  aggregation: oneOf(aggregations),
  maxTokens: optional(wholeFrom(1)),
};

/** What is wrong with the options only together. */
export const aggregateProblems = ({ aggregation, maxTokens }: AggregateOptions): readonly ConfigurationProblem[] =>
  aggregation === "constant" && maxTokens === undefined
    ? [{ field: "maxTokens", given: "not given", wanted: "a whole number of at least 1 where aggregation is constant" }]
    : [];

/** A number a token, made one number: [B, T] to a scalar. */
export type Aggregate = (values: Expr, counts: Pick<LossInputs, "mask" | "tokens" | "sequences">) => Expr;

/** {@link aggregate} with options that were checked before; it reads no others. */
export const aggregateOf =
  ({ aggregation, maxTokens = 1 }: AggregateOptions): Aggregate =>
  (values, { mask, tokens, sequences }) => {
    const counts = greater(mask, 0);
    const kept = where(counts, values, 0); // [B, T]
    switch (aggregation) {
      case "tokenMean":
        return div(reduceSum(kept), max(tokens, 1));
      case "sequenceMean": {
        const lengths = reduceSum(cast(counts, values.dtype), [1]); // [B]
        return div(reduceSum(div(reduceSum(kept, [1]), max(lengths, 1))), max(sequences, 1));
      }
      case "sequenceSum":
        return div(reduceSum(kept), max(sequences, 1));
      case "constant":
        return div(reduceSum(kept), mul(max(sequences, 1), maxTokens));
    }
  };

/**
 * One number of a number a token, as a sum divided by a count of the whole update, so that micro-batches add up.
 *
 * With x_bt the values, m_bt the mask, N `tokens` and S `sequences` of the whole update:
 *
 *     tokenMean       sum_bt m_bt x_bt / N
 *     sequenceMean    sum_b (sum_t m_bt x_bt / sum_t m_bt) / S
 *     sequenceSum     sum_bt m_bt x_bt / S
 *     constant        sum_bt m_bt x_bt / (S * maxTokens)
 *
 * What is masked cannot matter, be it NaN; a row without a token that counts adds 0. Counts below 1 count as 1.
 * S counts the completions with a token that counts; TRL's and verl's means count the rows, empty ones too.
 *
 * DAPO: An Open-Source LLM Reinforcement Learning System at Scale (2025), https://arxiv.org/abs/2503.14476 (tokenMean);
 * DeepSeekMath (2024), https://arxiv.org/abs/2402.03300 (sequenceMean);
 * Understanding R1-Zero-Like Training (2025), https://arxiv.org/abs/2503.20783 (constant).
 *
 * @throws ConfigurationError for an unknown aggregation, or `constant` without `maxTokens`.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { aggregate } from "@msrl/core/losses";
 * const [values, mask] = ["values", "mask"].map((name) => input(name, "float32", ["batch", "time"]));
 * const [tokens, sequences] = ["tokens", "sequences"].map((name) => input(name, "float32", []));
 * const mean = aggregate({ aggregation: "tokenMean" })(values!, { mask: mask!, tokens: tokens!, sequences: sequences! });
 * assert.deepStrictEqual(mean.shape, []);
 * @since 0.1.0
 */
export const aggregate = (options: AggregateOptions): Aggregate =>
  aggregateOf(checkOptions("aggregate", aggregateRules, {}, options, aggregateProblems));
