import { setTimeout } from "node:timers/promises";
import { between, type Rule } from "@msrl/core/configuration";

/** Waits for some milliseconds; ends early, resolved or rejected, once the signal is aborted. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<unknown>;

/** The most milliseconds that a timer of node can wait for; it would end at once after more. */
export const longestSleep = 2 ** 31 - 1;

/** Node's timer. */
export const nodeSleep: Sleep = (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal });

/** A time to wait for. */
export const waitable: Rule = {
  ...between(0, longestSleep),
  wanted: `a number of milliseconds from 0 to ${longestSleep}`,
};
