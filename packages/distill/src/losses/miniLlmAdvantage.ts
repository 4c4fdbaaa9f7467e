import { type Tagged, tagged } from "@msrl/core";
import { between, checkOptions, flag, type Rules } from "@msrl/core/configuration";

/** Settings of {@link miniLlmAdvantage}. */
export interface MiniLlmAdvantageOptions {
  /** How much what comes later counts; 0: each token stands for itself. */
  readonly gamma: number;
  /** Whether the sum is divided by that of its weights: a mean, whatever the length. */
  readonly lengthNormalization: boolean;
}

/** Defaults of {@link miniLlmAdvantage}, TRL's. */
export const miniLlmAdvantageDefaults: MiniLlmAdvantageOptions = { gamma: 0, lengthNormalization: true };

const rules: Rules<MiniLlmAdvantageOptions> = { gamma: between(0, 1), lengthNormalization: flag };

/** Log-probs of sampled tokens: flat arrays, row-major over [batch, time], in nats. */
export interface SampledLogProbs {
  readonly batch: number;
  readonly time: number;
  readonly student: ArrayLike<number>;
  readonly teacher: ArrayLike<number>;
  /** 1 where a token counts, else 0; all count if absent. */
  readonly mask?: ArrayLike<number>;
}

/** An array of another length than batch times time. */
export type UnevenArrays = Tagged<
  "UnevenArrays",
  { readonly field: string; readonly given: number; readonly wanted: number }
>;

/** What a position without a token adds to the sum of weights, as in TRL. */
const paddingWeight = 1e-4;

const checkLengths = ({ batch, time, student, teacher, mask }: SampledLogProbs): void => {
  for (const [field, values] of Object.entries({ student, teacher, mask })) {
    if (values === undefined || values.length === batch * time) continue;
    const data = { field, given: values.length, wanted: batch * time };
    const message = `miniLlmAdvantage: ${field} has ${data.given} numbers, [${batch}, ${time}] wanted`;
    throw tagged("UnevenArrays", message, data) satisfies UnevenArrays;
  }
};

/**
 * MiniLLM's advantage of each token: how much likelier the teacher finds it and all that follows than the student does.
 *
 *     R_i = log t_i - log s_i                                             t: teacher, s: student
 *     A_t = sum_(i>=t) gamma^i R_i                                        gamma > 0; else A_t = R_t
 *     A_t = sum_(i>=t) gamma^i R_i / sum_(i>=t) gamma^i                   with length normalisation
 *
 * Flat [batch, time] arrays in nats to [batch, time]; tokens that do not count have R = 0, be they NaN, and weigh 1e-4 in
 * the divisor, as in TRL. The discount counts from the start of the sequence, as in TRL and in MiniLLM's own code (the
 * paper's formula counts from t); length normalisation makes the two equal. For any policy loss, added to its advantages.
 *
 * Gu et al., MiniLLM: Knowledge Distillation of Large Language Models (2023), https://arxiv.org/abs/2306.08543
 *
 * @throws ConfigurationError with every option that cannot be; UnevenArrays where an array has another length.
 * @example
 * import { miniLlmAdvantage } from "@msrl/distill";
 * const advantageOf = miniLlmAdvantage({ gamma: 1, lengthNormalization: false });
 * const advantages = advantageOf({ batch: 1, time: 2, student: [-2, -1], teacher: [-1, -0.5] });
 * assert.deepStrictEqual([...advantages], [1.5, 0.5]);
 * @since 0.1.0
 */
export const miniLlmAdvantage = (
  options: Partial<MiniLlmAdvantageOptions> = {},
): ((arrays: SampledLogProbs) => Float64Array) => {
  const { gamma, lengthNormalization } = checkOptions("miniLlmAdvantage", rules, miniLlmAdvantageDefaults, options);
  return (arrays) => {
    checkLengths(arrays);
    const { batch, time, student, teacher, mask } = arrays;
    const advantages = new Float64Array(batch * time);
    for (let row = 0; row < batch; row++) {
      let [sum, weights] = [0, 0];
      for (let t = time - 1; t >= 0; t--) {
        const at = row * time + t;
        const counts = mask === undefined || mask[at]! > 0;
        const reward = counts ? teacher[at]! - student[at]! : 0;
        const discount = gamma ** t;
        sum += reward * discount;
        weights += (counts ? 1 : paddingWeight) * discount;
        advantages[at] = gamma === 0 ? reward : lengthNormalization ? (weights > 0 ? sum / weights : 0) : sum;
      }
    }
    return advantages;
  };
};
