/** A measured point. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/**
 * Centred moving average over `window` points (an odd number), fewer at both ends: sums by prefix, so one pass.
 *
 * A window of 1 gives the points back.
 */
export const movingAverage = (points: readonly Point[], window: number): readonly Point[] => {
  if (window <= 1) return points;
  const reach = Math.floor(window / 2);
  const sums = [0];
  for (const { value } of points) sums.push(sums.at(-1)! + value);
  return points.map(({ step }, at) => {
    const from = Math.max(0, at - reach);
    const to = Math.min(points.length, at + reach + 1);
    return { step, value: (sums[to]! - sums[from]!) / (to - from) };
  });
};
