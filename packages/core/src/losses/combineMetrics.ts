/** Numbers by name. */
type Metrics = Readonly<Record<string, number>>;

const derived = "_effective_sample_size";
const square = "_square_mean";

/** Two micro-batches' values of a metric as that of both. */
const combined = (name: string, a: number, b: number): number => {
  if (name.endsWith("_max")) return Math.max(a, b);
  return name.endsWith("_min") ? Math.min(a, b) : a + b;
};

/**
 * Metrics, and the effective sample size of all weights whose mean and mean square are among them:
 *
 *     effective_sample_size = mean(w)^2 / mean(w^2)        a share of the tokens, 1 where all weights are equal
 */
export const withSampleSizes = (metrics: Metrics): Metrics => {
  const sizes = Object.keys(metrics).flatMap((name) => {
    const of = name.slice(0, -square.length);
    const mean = metrics[`${of}_mean`];
    if (!name.endsWith(square) || mean === undefined) return [];
    const squares = metrics[name]!;
    return [[`${of}${derived}`, squares === 0 ? 0 : mean ** 2 / squares] as const];
  });
  return { ...metrics, ...Object.fromEntries(sizes) };
};

/**
 * Metrics of two micro-batches of one update as those of both. By the name of each:
 *
 *     ..._max, ..._min              the larger, the smaller
 *     ..._effective_sample_size     mean(w)^2 / mean(w^2) of the sums, a share of the tokens
 *     all others                    a + b: means are sums over the counts of the whole update
 *
 * Kong, A Note on Importance Sampling using Standardized Weights (1992).
 *
 * @example
 * import { combineMetrics } from "@msrl/core/losses";
 * const [a, b] = [{ kl: 0.1, ratio_max: 2 }, { kl: 0.2, ratio_max: 1 }];
 * assert.deepStrictEqual(combineMetrics(a, b).ratio_max, 2);
 * @since 0.1.0
 */
export const combineMetrics = (a: Metrics, b: Metrics): Metrics => {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !name.endsWith(derived));
  const both = names.map((name) => {
    const [x, y] = [a[name], b[name]];
    return [name, x === undefined ? y! : y === undefined ? x : combined(name, x, y)] as const;
  });
  return withSampleSizes(Object.fromEntries(both));
};
