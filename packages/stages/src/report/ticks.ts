/**
 * Round numbers (1, 2 or 5 times a power of ten apart) over a range that they cover: about `count` of them.
 *
 * The first is at or below `low`, the last at or above `high`; a range of (next to) no extent is widened first.
 */
export const niceTicks = (low: number, high: number, count: number): readonly number[] => {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1e-12) return niceTicks(0, 1, count);
  if (high - low < 1e-9 * size) return niceTicks(low - size / 2, high + size / 2, count);
  const rough = (high - low) / Math.max(1, count - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const digits = Math.max(0, Math.min(20, -Math.floor(Math.log10(step)) + 1));
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toFixed(digits)));
};
