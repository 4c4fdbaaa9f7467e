/** Lets so many in at a time and so many more wait, in the order of coming; the signal is asked for by those who wait. */
export interface Gate {
  /** Resolves to true inside, to false if the signal was aborted first; `undefined`: too many wait already. */
  enter(signal: () => AbortSignal): Promise<boolean> | boolean | undefined;
  leave(): void;
  readonly inside: () => number;
  readonly waiting: () => number;
}

/** A gate with nobody at it. */
export const gate = (concurrency: number, queue: number): Gate => {
  let inside = 0;
  const line = new Set<() => void>();
  const wait = (signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const gone = (): void => {
        line.delete(turn);
        resolve(false);
      };
      const turn = (): void => {
        line.delete(turn);
        signal.removeEventListener("abort", gone);
        resolve(true);
      };
      signal.addEventListener("abort", gone, { once: true });
      line.add(turn);
    });
  return {
    enter: (signal) => {
      if (inside < concurrency) {
        inside++;
        return true;
      }
      return line.size < queue ? wait(signal()) : undefined;
    },
    leave: () => {
      const [next] = line;
      if (next === undefined) inside--;
      else next(); // takes the place of who leaves
    },
    inside: () => inside,
    waiting: () => line.size,
  };
};
