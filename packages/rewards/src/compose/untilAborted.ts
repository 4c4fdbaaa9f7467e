import { setMaxListeners } from "node:events";

/** A signal that any number of questions may wait for: node takes more than ten for a leak. */
export const forMany = (signal: AbortSignal): AbortSignal => {
  setMaxListeners(0, signal);
  return signal;
};

/** The result of some work, or, as soon as the signal is aborted, what to say instead; work for nobody is not begun. */
export const untilAborted = async <Value>(
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
  instead: () => Value,
): Promise<Value> => {
  if (signal === undefined) return work();
  if (signal.aborted) return instead();
  let stop = (): void => undefined;
  const given = new Promise<Value>((resolve) => {
    stop = () => resolve(instead());
    forMany(signal).addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([given, work()]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
