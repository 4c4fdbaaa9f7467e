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
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([given, work()]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
