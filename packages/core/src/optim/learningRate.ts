import type { Rule } from "../configuration.js";
import { constant } from "./constant.js";
import type { Schedule } from "./optimizer.js";

/** A learning rate: a schedule, or a number that stays. */
export type LearningRate = Schedule | number;

const isSchedule = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as Partial<Schedule>).at === "function";

/** Rule of a learning rate among options. */
export const learningRateRule: Rule = {
  wanted: "a schedule, or a finite number of at least 0",
  fits: (value) => isSchedule(value) || (typeof value === "number" && Number.isFinite(value) && value >= 0),
};

/** The schedule of a learning rate. */
export const scheduleOf = (rate: LearningRate): Schedule =>
  typeof rate === "number" ? constant({ learningRate: rate }) : rate;

/** A schedule as an option reads back. */
export const describeSchedule = ({ name, options }: Schedule): Readonly<Record<string, string | number>> => ({
  name,
  ...options,
});
