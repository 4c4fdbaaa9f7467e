import { fold, type Key, uniform } from "@msrl/core";
import { between, checkOptions, oneOf, type Rules } from "@msrl/core/configuration";

/** Who wrote the sequences that are learned from. */
export const sequenceSources = ["student", "teacher", "dataset"] as const;

/** One of {@link sequenceSources}. */
export type SequenceSource = (typeof sequenceSources)[number];

/** Settings of {@link onPolicyMix}. */
export interface OnPolicyMixOptions {
  /** Part of the draws for which the student writes itself: GKD's lambda. */
  readonly fraction: number;
  /** Who wrote the others: the data set's own completions, or the teacher anew (sequence-level distillation). */
  readonly otherwise: Exclude<SequenceSource, "student">;
}

/** Defaults of {@link onPolicyMix}, TRL's. */
export const onPolicyMixDefaults: OnPolicyMixOptions = { fraction: 0.5, otherwise: "dataset" };

const rules: Rules<OnPolicyMixOptions> = {
  fraction: between(0, 1),
  otherwise: oneOf(["teacher", "dataset"]),
};

/**
 * GKD's choice between the student's own sequences and given ones, draw by draw: a decision alone, nothing is sampled.
 *
 *     source_i = student with probability `fraction`, else `otherwise`
 *
 * The same key gives the same sources, and the first n of m are those of n. TRL draws once a batch (count 1 and a key of
 * the step), the paper once a batch too.
 *
 * Agarwal et al., On-Policy Distillation of Language Models (2023), https://arxiv.org/abs/2306.13649 (algorithm 1)
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { key } from "@msrl/core";
 * import { onPolicyMix } from "@msrl/distill";
 * assert.deepStrictEqual(onPolicyMix({ fraction: 1 })(key(7), 2), ["student", "student"]);
 * @since 0.1.0
 */
export const onPolicyMix = (
  options: Partial<OnPolicyMixOptions> = {},
): ((key: Key, count: number) => readonly SequenceSource[]) => {
  const { fraction, otherwise } = checkOptions("onPolicyMix", rules, onPolicyMixDefaults, options);
  return (key, count) =>
    Array.from(uniform(fold(key, "onPolicyMix"), count), (draw) => (draw < fraction ? "student" : otherwise));
};
