import { untilAborted } from "./untilAborted.js";

/** A limited number of places. */
export interface Places {
  /** Whether one was got: false once the signal is aborted. */
  enter(signal: AbortSignal | undefined): Promise<boolean>;
  leave(): void;
}

/** Places for so many; who finds none waits for its turn, in the order of coming, until its signal is aborted. */
export const places = (count: number): Places => {
  let free = count;
  const waiting = new Set<() => void>();
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) free++;
    else next();
  };
  const enter = async (signal: AbortSignal | undefined): Promise<boolean> => {
    if (signal?.aborted) return false;
    if (free > 0) {
      free--;
      return true;
    }
    let turn = (): void => undefined;
    const called = new Promise<boolean>((resolve) => {
      turn = () => {
        waiting.delete(turn);
        resolve(true);
      };
      waiting.add(turn);
    });
    return untilAborted(
      signal,
      () => called,
      () => !waiting.delete(turn), // a turn that came with the abortion is taken, so that it is given back
    );
  };
  return { enter, leave };
};
