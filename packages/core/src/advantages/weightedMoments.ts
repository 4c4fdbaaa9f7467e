/** Mean and standard deviation of weighted values. */
export interface Moments {
  readonly center: number;
  /** 0 where the values are equal, or have no weight beyond the correction. */
  readonly variance: number;
  /** Whether there is weight enough for a variance. */
  readonly known: boolean;
}

/** Weighted mean and variance, `correction` taken from the sum of the weights; of equal values exactly that value. */
export const weightedMoments = (values: readonly number[], weights: readonly number[], correction: number): Moments => {
  const counted = values.filter((_, at) => weights[at] !== 0);
  const shares = weights.filter((weight) => weight !== 0);
  const total = shares.reduce((sum, weight) => sum + weight, 0);
  const first = counted[0];
  if (first === undefined || total <= correction) return { center: first ?? 0, variance: 0, known: false };
  if (counted.every((value) => value === first)) return { center: first, variance: 0, known: true };
  const center = counted.reduce((sum, value, at) => sum + shares[at]! * value, 0) / total;
  const squares = counted.reduce((sum, value, at) => sum + shares[at]! * (value - center) ** 2, 0);
  return { center, variance: squares / (total - correction), known: true };
};
