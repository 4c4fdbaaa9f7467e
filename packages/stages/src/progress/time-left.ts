/** A step and the time at which it was done, in milliseconds. */
export interface Mark {
  readonly step: number;
  readonly at: number;
}

/** Marks that the estimate looks back on: enough to even out single steps, few enough to follow a change of pace. */
export const recentMarks = 16;

/** Marks with a new one; only the recent ones are kept. */
export const withMark = (marks: readonly Mark[], mark: Mark): readonly Mark[] => [...marks, mark].slice(-recentMarks);

/** Seconds that the steps up to `total` take at the pace of the marks; `undefined` while no pace is known. */
export const timeLeft = (marks: readonly Mark[], total: number): number | undefined => {
  const [first, last] = [marks[0], marks.at(-1)];
  if (!first || !last || last.step <= first.step || last.at < first.at) return undefined;
  const perStep = (last.at - first.at) / (last.step - first.step);
  return (Math.max(0, total - last.step) * perStep) / 1000;
};
