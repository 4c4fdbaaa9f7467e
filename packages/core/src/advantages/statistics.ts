/** Whether a reward applied at all. */
export const applies = (reward: number | null | undefined): reward is number =>
  reward !== null && reward !== undefined && !Number.isNaN(reward);

/** The rewards that applied: the very array if all did. */
export const present = (rewards: readonly (number | null)[]): readonly number[] => {
  for (let at = 0; at < rewards.length; at++) if (!applies(rewards[at])) return rewards.filter(applies);
  return rewards as readonly number[];
};

/** The rewards of all groups that applied. */
export const allPresent = (groups: readonly (readonly (number | null)[])[]): readonly number[] => {
  const all = new Array<number>(groups.reduce((sum, { length }) => sum + length, 0));
  let count = 0;
  for (const group of groups)
    for (let at = 0; at < group.length; at++) {
      const reward = group[at];
      if (applies(reward)) all[count++] = reward;
    }
  all.length = count;
  return all;
};

/** The mean; of equal values exactly that value, so that a group without spread gets advantages of exactly 0. */
export const mean = (values: readonly number[]): number => {
  const first = values[0] ?? Number.NaN;
  let sum = 0;
  let equal = true;
  for (let at = 0; at < values.length; at++) {
    equal &&= values[at] === first;
    sum += values[at]!;
  }
  if (equal) return first;
  // A sum beyond float64 is taken again of parts that stay within it.
  return Number.isFinite(sum) ? sum / values.length : values.reduce((part, value) => part + value / values.length, 0);
};

/** Sample standard deviation (one degree of freedom gone); 0 for fewer than two values. */
export const deviation = (values: readonly number[], center = mean(values)): number => {
  if (values.length < 2) return 0;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (values[at]! - center) ** 2;
  if (Number.isFinite(squares)) return Math.sqrt(squares / (values.length - 1));
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scaled = values.reduce((sum, value) => sum + (value / largest - center / largest) ** 2, 0);
  return largest * Math.sqrt(scaled / (values.length - 1));
};

/** A distance in units of a spread; 0 where there is no spread, and where both are beyond float64. */
export const inUnits = (distance: number, spread: number): number => {
  const units = spread === 0 ? 0 : distance / spread;
  return Number.isNaN(units) ? 0 : units;
};
