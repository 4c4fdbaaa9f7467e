import { setImmediate } from "node:timers/promises";

/** Lets everything run that waits for no time. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
};

/** A clock that goes only where it is told to: `now` and `sleep` for what takes time, `pass` to let time pass. */
export const handClock = () => {
  let time = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleeper = { until: time + milliseconds, wake: resolve };
      sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  const pass = async (milliseconds: number): Promise<void> => {
    await settle();
    time += milliseconds;
    for (const sleeper of sleepers) {
      if (sleeper.until > time) continue;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
    await settle();
  };
  return { now: () => time, sleep, pass, sleeping: () => sleepers.size };
};

/** A promise to be settled by hand. */
export const byHand = <Value>() => {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
