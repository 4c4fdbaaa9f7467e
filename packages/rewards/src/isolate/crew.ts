import { setImmediate } from "node:timers/promises";
import { thrownReason } from "../compose/marks.js";
import { places } from "../compose/places.js";
import type { Sleep } from "../compose/time.js";
import { untilAborted } from "../compose/untilAborted.js";
import { stopped } from "../compose/wrapped.js";
import type { Link, Question, Reply } from "./link.js";

/** How a crew works. */
export interface CrewOptions {
  readonly workers: number;
  readonly milliseconds: number;
  readonly startMilliseconds: number;
  readonly sleep: Sleep;
}

/** What came of a question: what the reward gave, why there is nothing, or that no worker could be started to ask. */
export type Outcome =
  | { readonly given: readonly unknown[] }
  | { readonly failure: string }
  | { readonly unstarted: string };

/** Workers who share the questions. */
export interface Crew {
  /** Asks a free worker, when there is one; never rejects. */
  judge(question: Question, signal: AbortSignal | undefined): Promise<Outcome>;
  /** Ends all workers; who still waits for one is told so. */
  close(): void;
}

type Timed = Reply | "late" | "stopped";

/** A reply, or what came before it: the end of the time, or of the caller's interest. */
const inTime = async (
  reply: Promise<Reply>,
  milliseconds: number,
  sleep: Sleep,
  signal: AbortSignal | undefined,
): Promise<Timed> => {
  const timer = new AbortController();
  const late = sleep(milliseconds, timer.signal)
    .then(() => setImmediate()) // a reply that waits to be read, where this thread was busy, is in time
    .then(
      () => "late" as const,
      () => "late" as const, // the timer was stopped: the race is over
    );
  try {
    return await untilAborted<Timed>(
      signal,
      () => Promise.race([reply, late]),
      () => "stopped",
    );
  } finally {
    timer.abort();
  }
};

/** A crew of workers that `open` starts, each when it is first needed; one that is lost is replaced. */
export const crew = (open: () => Link, { workers, milliseconds, startMilliseconds, sleep }: CrewOptions): Crew => {
  const { enter, leave } = places(workers);
  const all = new Set<Link>();
  let idle: readonly Link[] = [];
  let closed = false;
  const gone: Outcome = { failure: "the reward was closed" };

  const end = (link: Link): void => {
    all.delete(link);
    link.end();
  };

  const start = async (signal: AbortSignal | undefined): Promise<Link | Outcome> => {
    let link: Link;
    try {
      link = open();
    } catch (thrown) {
      return { unstarted: thrownReason(thrown) };
    }
    all.add(link);
    const reply = await inTime(link.opened, startMilliseconds, sleep, signal);
    if (typeof reply === "object" && "given" in reply) return link;
    end(link);
    if (reply === "stopped") return { failure: stopped };
    if (reply === "late") return { unstarted: `nothing was loaded within ${startMilliseconds} ms` };
    return { unstarted: "error" in reply ? reply.error : reply.lost };
  };

  const ask = async (link: Link, question: Question, signal: AbortSignal | undefined): Promise<Outcome> => {
    const reply = await inTime(link.ask(question), milliseconds, sleep, signal);
    if (typeof reply === "object" && !("lost" in reply)) {
      idle = [...idle, link];
      return "error" in reply ? { failure: reply.error } : reply;
    }
    end(link);
    if (reply === "stopped") return { failure: stopped };
    if (reply === "late") return { failure: `no score within ${milliseconds} ms: the worker was ended` };
    return { failure: reply.lost };
  };

  /** Asks a worker that has answered others before; what one of them left behind must not count against this question. */
  const askOld = async (question: Question, signal: AbortSignal | undefined): Promise<Outcome | undefined> => {
    const link = idle.at(-1);
    if (link === undefined) return undefined;
    idle = idle.slice(0, -1);
    const outcome = await ask(link, question, signal);
    return all.has(link) || signal?.aborted ? outcome : undefined;
  };

  const answer = async (question: Question, signal: AbortSignal | undefined): Promise<Outcome> => {
    const known = await askOld(question, signal);
    if (known !== undefined || closed) return known ?? gone;
    const link = await start(signal);
    return "ask" in link ? ask(link, question, signal) : link;
  };

  const judge: Crew["judge"] = async (question, signal) => {
    if (!(await enter(signal))) return { failure: stopped };
    try {
      const outcome = closed ? gone : await answer(question, signal);
      return closed && !("given" in outcome) ? gone : outcome;
    } finally {
      leave();
    }
  };

  const close = (): void => {
    closed = true;
    for (const link of all) end(link);
    idle = [];
  };

  return { judge, close };
};
