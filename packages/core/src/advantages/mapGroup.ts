import { applies } from "./statistics.js";

/** One number a reward of a group that applied, and `otherwise` for those that did not. */
export const mapGroup = (
  rewards: readonly (number | null)[],
  of: (reward: number, at: number) => number,
  otherwise = 0,
): readonly number[] => {
  const values = new Array<number>(rewards.length);
  for (let at = 0; at < rewards.length; at++) {
    const reward = rewards[at];
    values[at] = applies(reward) ? of(reward, at) : otherwise;
  }
  return values;
};
