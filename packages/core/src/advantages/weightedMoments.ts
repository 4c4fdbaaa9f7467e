/** Mean and variance of weighted values. */
export interface Moments {
  readonly center: number;
  /** 0 where the values are equal. */
  readonly variance: number;
  /** Whether there is weight enough for a variance. */
  readonly known: boolean;
}

/** Weighted mean and variance, `correction` taken from the sum of the weights; of equal values exactly that value. */
export const weightedMoments = (values: Float64Array, weights: Float64Array, correction: number): Moments => {
  let total = 0;
  let sum = 0;
  let first: number | undefined;
  let equal = true;
  for (let at = 0; at < values.length; at++) {
    const weight = weights[at]!;
    if (weight === 0) continue; // what it stands by may be NaN
    first ??= values[at]!;
    equal &&= values[at] === first;
    total += weight;
    sum += weight * values[at]!;
  }
  if (first === undefined || total <= correction) return { center: first ?? 0, variance: 0, known: false };
  if (equal) return { center: first, variance: 0, known: true };
  const center = sum / total;
  let squares = 0;
  for (let at = 0; at < values.length; at++)
    if (weights[at] !== 0) squares += weights[at]! * (values[at]! - center) ** 2;
  return { center, variance: squares / (total - correction), known: true };
};
