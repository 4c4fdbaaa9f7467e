/** Milliseconds of one run: on the clock, and of processor time over all threads. */
export interface Timing {
  readonly wall: number;
  readonly processor: number;
}

/** Something that is timed beside others. */
export interface Contender {
  readonly name: string;
  run(): Promise<Timing>;
}

/** The middle of numbers; of an even count the mean of the two middle ones. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
};

/** Times a piece of work in this process. */
export const timed = async (work: () => Promise<void>): Promise<Timing> => {
  const [wall, processor] = [performance.now(), process.cpuUsage()];
  await work();
  const used = process.cpuUsage(processor);
  return { wall: performance.now() - wall, processor: (used.user + used.system) / 1000 };
};

/** Timings of contenders by name, one a round. */
export type Rounds = ReadonlyMap<string, readonly Timing[]>;

/**
 * Times contenders in turn, round after round, so that what else a machine does falls on all of them; two rounds that
 * are not counted come first. One that fails drops out and is told to `fails`.
 */
export const alternate = async (
  contenders: readonly Contender[],
  rounds: number,
  fails: (name: string, reason: string) => void,
  warmUp = 2,
): Promise<Rounds> => {
  const timings = new Map(contenders.map(({ name }) => [name, [] as Timing[]]));
  for (let round = -warmUp; round < rounds; round++)
    for (const { name, run } of contenders) {
      const own = timings.get(name);
      if (!own) continue;
      try {
        const timing = await run();
        if (round >= 0) own.push(timing);
      } catch (error) {
        fails(name, (error as Error).message);
        timings.delete(name);
      }
    }
  return timings;
};

/** How many times longer the other takes: the median over rounds, each round's two being neighbours in time. */
export const ratio = (ours: readonly Timing[], others: readonly Timing[], of: keyof Timing): number =>
  median(ours.map((own, round) => others[round]![of] / own[of]));
