const missing = "\u2013";

const trimmed = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A number in about three digits: `0.0412`, `12.3`, `2,000`, `2e-4`; an en dash if it is not finite. */
export const formatNumber = (value: number): string => {
  if (!Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e7)
    return value
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  if (Number.isInteger(value) || size >= 999.5) return Math.round(value).toLocaleString("en-US");
  return trimmed(value.toPrecision(3));
};

/** A share in per cent with one decimal: `86.5 %`; an en dash if it is not finite. */
export const formatPercent = (value: number): string =>
  Number.isFinite(100 * value) ? `${(100 * value).toFixed(1)}\u00a0%` : missing;

/** Seconds as people say them: `4.2s`, `48s`, `1m 05s`, `2h 05m`; an en dash if they are not a finite number >= 0. */
export const formatDuration = (seconds: number): string => {
  if (!Number.isFinite(seconds) || seconds < 0) return missing;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
};
