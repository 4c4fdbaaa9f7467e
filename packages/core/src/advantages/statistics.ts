/** Whether a reward applied at all. */
export const applies = (reward: number | null | undefined): reward is number =>
  reward !== null && reward !== undefined && !Number.isNaN(reward);

type Rewards = readonly (number | null)[];

/** The rewards that applied: the very array if all did. */
export const present = (rewards: Rewards): readonly number[] => {
  for (let at = 0; at < rewards.length; at++) if (!applies(rewards[at])) return rewards.filter(applies);
  return rewards as readonly number[];
};

/** How many rewards applied. */
export const count = (rewards: Rewards): number => {
  let applied = 0;
  for (let at = 0; at < rewards.length; at++) if (applies(rewards[at])) applied++;
  return applied;
};

/** A sum that went beyond float64, taken again of parts that stay within it. */
const meanOfParts = (groups: readonly Rewards[], counted: number): number =>
  groups.reduce((all, group) => all + present(group).reduce((part, value) => part + value / counted, 0), 0);

/** The mean of the rewards that applied; of equal ones exactly that value, so that what has no spread is exactly 0. */
export const mean = (rewards: Rewards): number => {
  let first = Number.NaN;
  let [sum, counted] = [0, 0];
  let equal = true;
  for (let at = 0; at < rewards.length; at++) {
    const reward = rewards[at];
    if (!applies(reward)) continue;
    if (counted++ === 0) first = reward;
    else if (reward !== first) equal = false;
    sum += reward;
  }
  if (equal) return first;
  return Number.isFinite(sum) ? sum / counted : meanOfParts([rewards], counted);
};

/** The mean over all groups; NaN of none. Sums are taken group by group, which lets the processor overlap them. */
export const meanOfAll = (groups: readonly Rewards[]): number => {
  let first = Number.NaN;
  let [sum, counted] = [0, 0];
  let equal = true;
  for (let g = 0; g < groups.length; g++) {
    const group = groups[g]!;
    let part = 0;
    for (let at = 0; at < group.length; at++) {
      const reward = group[at];
      if (!applies(reward)) continue;
      if (counted++ === 0) first = reward;
      else if (reward !== first) equal = false;
      part += reward;
    }
    sum += part;
  }
  if (equal) return first;
  return Number.isFinite(sum) ? sum / counted : meanOfParts(groups, counted);
};

/** Root of the sum of squared distances over n - 1, in units of the largest reward: squares that stay within float64. */
const scaledDeviation = (groups: readonly Rewards[], center: number, counted: number): number => {
  const values = groups.map(present);
  const largest = values.reduce((most, group) => group.reduce((m, value) => Math.max(m, Math.abs(value)), most), 0);
  const squares = values.reduce(
    (all, group) => group.reduce((sum, value) => sum + (value / largest - center / largest) ** 2, all),
    0,
  );
  return largest * Math.sqrt(squares / (counted - 1));
};

/** Sample deviation (one degree of freedom gone) of the rewards that applied; 0 for fewer than two. */
export const deviation = (rewards: Rewards, center = mean(rewards)): number => {
  let [squares, counted] = [0, 0];
  for (let at = 0; at < rewards.length; at++) {
    const reward = rewards[at];
    if (!applies(reward)) continue;
    counted++;
    squares += (reward - center) * (reward - center);
  }
  if (counted < 2) return 0;
  return Number.isFinite(squares) ? Math.sqrt(squares / (counted - 1)) : scaledDeviation([rewards], center, counted);
};

/** The same over all groups. */
export const deviationOfAll = (groups: readonly Rewards[], center = meanOfAll(groups)): number => {
  let [squares, counted] = [0, 0];
  for (let g = 0; g < groups.length; g++) {
    const group = groups[g]!;
    let part = 0;
    for (let at = 0; at < group.length; at++) {
      const reward = group[at];
      if (!applies(reward)) continue;
      counted++;
      part += (reward - center) * (reward - center);
    }
    squares += part;
  }
  if (counted < 2) return 0;
  return Number.isFinite(squares) ? Math.sqrt(squares / (counted - 1)) : scaledDeviation(groups, center, counted);
};

/** A distance in units of a spread; 0 where there is no spread, and where both are beyond float64. */
export const inUnits = (distance: number, spread: number): number => {
  const units = spread === 0 ? 0 : distance / spread;
  return Number.isNaN(units) ? 0 : units;
};
