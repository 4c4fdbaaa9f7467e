import type { Completion, Prompt } from "@msrl/core";
import type { ConfidenceMeasure } from "./measure.js";

/** Settings of {@link rationaleScore}. */
export interface RationaleScoreOptions {
  /** The prompt in whose context the trace should be likely: the teacher's own, or one that names the label (GRAM-R2's). */
  readonly inContext: (prompt: Prompt, candidate: Completion) => Prompt;
  /** The prompt without the sample, behind which a mere template is likely too. */
  readonly alone: (prompt: Prompt) => Prompt;
}

/** Defaults of {@link rationaleScore}: the teacher's prompt, and no message at all. */
export const rationaleScoreDefaults: RationaleScoreOptions = {
  inContext: (prompt) => prompt,
  alone: ({ id }) => ({ id, messages: [] }),
};

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

/**
 * GRAM-R2's rationale score: a trace that is likely for this sample and unlikely for none scores high, so templates lose.
 *
 *     c(o) = -log p(o | context) / log p(o)        in (-inf, 0], higher is better
 *
 * Two log-prob passes of the teacher, at temperature 1, one of them without the prompt. A ratio of sums over the same
 * tokens: length cancels in the main, but long traces are pulled towards the ratio of their ordinary tokens. An empty trace,
 * or one that is certain without the prompt (log p(o) = 0): NaN.
 *
 * GRAM-R2: Self-Training Generative Foundation Reward Models (2025), https://arxiv.org/abs/2509.02492.
 *
 * @example
 * import { measureConfidences, rationaleScore } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const policy = { tokenize: () => [1], logProbs: (_: null, asked: readonly { prompt: { messages: readonly unknown[] } }[]) =>
 *   TE.right(asked.map(({ prompt }) => [prompt.messages.length > 0 ? Float32Array.of(-0.5, -0.5) : Float32Array.of(-1, -3)])) };
 * const completions = [{ text: "red fox", tokenIds: [1, 2], logProbs: [-0.5, -0.5], truncated: false }];
 * const measure = measureConfidences({ teacher: { policy, state: null }, measures: { rationale: rationaleScore() } });
 * const prompt = { id: "s1", messages: [{ role: "user", content: [] }] } as const;
 * assert.deepStrictEqual(await measure([{ prompt, completions }]), [{ rationale: [-0.25] }]);
 * @since 0.1.0
 */
export const rationaleScore = (options: Partial<RationaleScoreOptions> = {}): ConfidenceMeasure => {
  const { inContext, alone } = { ...rationaleScoreDefaults, ...options };
  return {
    asks: ({ prompt, completions }) => {
      const bare = alone(prompt);
      return completions.map((candidate) =>
        [inContext(prompt, candidate), bare].map((each) => ({ prompt: each, tokenIds: candidate.tokenIds })),
      );
    },
    value: ([given, free]) => {
      if (given === undefined || free === undefined || free.length === 0) return Number.NaN;
      const [likely, anyhow] = [sum(given), sum(free)];
      return anyhow === 0 ? Number.NaN : -likely / anyhow;
    },
  };
};
