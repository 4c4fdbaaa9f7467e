/**
 * The weights of MSRL's three rewards: accuracy 1, format 0.2, task type 0.2 (the last from caption RL on).
 *
 * The official task reward returns 0.2 and is then weighted by 0.2, so that it adds 0.04; the paper's 0.2 is meant here.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108.
 *
 * @example
 * import { msrlWeights } from "@msrl/rewards";
 * assert.deepStrictEqual(msrlWeights, { accuracy: 1, format: 0.2, task: 0.2 });
 * @since 0.1.0
 */
export const msrlWeights = { accuracy: 1, format: 0.2, task: 0.2 } as const;
