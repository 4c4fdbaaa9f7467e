import type { CompletionBatch, Mark, Reward, RewardContext, Scorable } from "@msrl/core";
import { outcomes } from "./wrapped.js";

/** A mark on its way, and the signal that can stop it. */
interface Flight {
  readonly mark: Promise<Mark>;
  readonly signal: AbortSignal | undefined;
}

/** The marks used last, at most so many. */
const recent = (limit: number) => {
  const marks = new Map<string, Mark>();
  const put = (key: string, mark: Mark): void => {
    marks.delete(key);
    marks.set(key, mark);
    if (marks.size > limit) marks.delete(marks.keys().next().value!);
  };
  const get = (key: string): Mark | undefined => {
    const mark = marks.get(key);
    if (mark !== undefined) put(key, mark);
    return mark;
  };
  return { get, put };
};

/** Asks a reward for marks by key, each of them once at a time: those on their way, and `land` for those that came. */
const departures = <Reference>(reward: Reward<Reference>, land: (key: string, mark: Mark) => void) => {
  const flying = new Map<string, Flight>();
  const ask = (batch: ReadonlyMap<string, Scorable<Reference>>, context: RewardContext | undefined): void => {
    const keys = [...batch.keys()];
    const all = outcomes(reward, [...batch.values()], context).then((marks) => {
      for (const [at, key] of keys.entries()) {
        flying.delete(key);
        land(key, marks[at]!);
      }
      return marks;
    });
    for (const [at, key] of keys.entries())
      flying.set(key, { mark: all.then((marks) => marks[at]!), signal: context?.signal });
  };
  return { flying, ask };
};

/** Marks of completions by their keys. */
type MarksByKey<Reference> = (
  keys: readonly string[],
  batch: CompletionBatch<Reference>,
  context: RewardContext | undefined,
) => Promise<readonly Mark[]>;

/** A reward asked by key: marks known are given, those on their way waited for, the others asked for; failures are not kept. */
export const markMemory = <Reference>(reward: Reward<Reference>, limit: number): MarksByKey<Reference> => {
  const known = recent(limit);
  const { flying, ask } = departures(reward, (key, mark) => {
    if (mark.failure === undefined) known.put(key, mark);
  });
  const marksFor: MarksByKey<Reference> = async (keys, batch, context) => {
    const found = keys.map((key) => known.get(key));
    const unknown = new Map<string, Scorable<Reference>>();
    for (const [at, key] of keys.entries())
      if (!found[at] && !flying.has(key) && !unknown.has(key)) unknown.set(key, batch[at]!);
    if (unknown.size > 0) ask(unknown, context);
    const flights = keys.map((key, at) => (found[at] ? undefined : flying.get(key)));
    const marks = await Promise.all(flights.map(async (flight, at) => (flight ? flight.mark : found[at]!)));
    // What another call asked for and gave up is asked for again.
    const lost = [...marks.keys()].filter(
      (at) => marks[at]!.failure !== undefined && flights[at]?.signal?.aborted && !context?.signal?.aborted,
    );
    if (lost.length === 0) return marks;
    const again = await marksFor(
      lost.map((at) => keys[at]!),
      lost.map((at) => batch[at]!),
      context,
    );
    return marks.map((mark, at) => again[lost.indexOf(at)] ?? mark);
  };
  return marksFor;
};
