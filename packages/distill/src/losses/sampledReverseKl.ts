import { checkOptions, flag, oneOf, type Rules } from "@msrl/core/configuration";
import { mul, stopGradient, sub } from "@msrl/core/graph";
import { type Aggregation, aggregate, aggregations, type Loss } from "@msrl/core/losses";
import { clippedImportance } from "./clippedImportance.js";
import { sampledTokens } from "./sampledTokens.js";

/** Settings of {@link sampledReverseKl}. */
export interface SampledReverseKlOptions {
  readonly aggregation: Exclude<Aggregation, "constant">;
  /** Whether tokens are weighed by their ratio to the policy that drew them, cut off at 2 (`clippedImportance`). */
  readonly importance: boolean;
}

/** Defaults of {@link sampledReverseKl}. */
export const sampledReverseKlDefaults: SampledReverseKlOptions = { aggregation: "tokenMean", importance: false };

const rules: Rules<SampledReverseKlOptions> = {
  aggregation: oneOf(aggregations.filter((name) => name !== "constant")),
  importance: flag,
};

/**
 * On-policy distillation by log-probs alone: the reverse KL's gradient, estimated on the tokens the student drew.
 *
 *     loss = aggregate(sg(log s - log t) log s)        s: student, t: teacher, sg: without gradient
 *
 * The teacher's log-probs of the same tokens stand where a reference policy's stand (`referenceLogProbs`), so that any
 * policy or engine which gives log-probs is a teacher; inputs [B, T], nats (-inf counts as -1e15), masked positions cannot
 * matter. Its gradient is that of REINFORCE with the advantage log t - log s; its value says little. Metric `reverse_kl`:
 * the mean of log s - log t over the tokens that count. Equals TRL's SDFT and SDPO in mode `sampled_token`.
 *
 * Gu et al., MiniLLM (2023), https://arxiv.org/abs/2306.08543; Self-Distillation Enables Continual Learning (2026),
 * https://arxiv.org/abs/2601.19897; Reinforcement Learning via Self-Distillation (2026), https://arxiv.org/abs/2601.20802
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { sampledReverseKl } from "@msrl/distill";
 * assert.deepStrictEqual(sampledReverseKl().needs, ["logProbs"]);
 * @since 0.1.0
 */
export const sampledReverseKl = (options: Partial<SampledReverseKlOptions> = {}): Loss => {
  const settings = checkOptions("sampledReverseKl", rules, sampledReverseKlDefaults, options);
  return {
    name: "sampled_reverse_kl",
    options: { ...settings },
    needs: ["logProbs"],
    build: (inputs) => {
      const { student, teacher, old } = sampledTokens(inputs);
      const gap = stopGradient(sub(student, teacher));
      const plain = mul(gap, student);
      const values = settings.importance ? mul(plain, clippedImportance()(student, old)) : plain;
      return {
        loss: aggregate({ aggregation: settings.aggregation })(values, inputs),
        metrics: { reverse_kl: aggregate({ aggregation: "tokenMean" })(gap, inputs) },
      };
    },
  };
};
