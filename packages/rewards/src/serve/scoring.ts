import type { CompletionBatch, RewardContext, Score } from "@msrl/core";
import type { FastifyReply } from "fastify";
import { gate } from "./gate.js";
import { type Metrics, metrics } from "./metrics.js";
import type { ServeOptions } from "./options.js";
import { refusal } from "./refusal.js";
import { allFailed, type Served, served } from "./served.js";

/** What the routes of a server share. */
export interface Scoring {
  readonly options: ServeOptions;
  readonly metrics: Metrics;
  /** Names of the rewards, the first the one of those who name none. */
  readonly names: readonly string[];
  pick(name: unknown): Served;
  /** Scores a batch for a client: waits for a place, ends at the limit of time or when the client is gone. */
  score(reward: Served, batch: CompletionBatch<unknown>, reply: FastifyReply, step?: number): Promise<readonly Score[]>;
  /** Other work for a client, within the same limits. */
  within<Value>(
    reply: FastifyReply,
    work: (signal: () => AbortSignal) => Promise<Value>,
    late: () => Value,
  ): Promise<Value>;
  readonly gauges: () => Readonly<Record<string, number>>;
}

const rewardsOf = ({ reward, parts }: ServeOptions): readonly Served[] => {
  if (typeof reward !== "function") return Object.entries(reward).map(([name, each]) => served(name, each, parts));
  const name = "marks" in reward && reward.name !== "" ? reward.name : "msrl";
  return [served(name, reward, parts)];
};

/** The end of the time, or of the client; a signal of it is made for those who ask for one, since most do not. */
const watch = (reply: FastifyReply, milliseconds: number) => {
  let [stopped, over] = [false, (): void => undefined];
  let abort: AbortController | undefined;
  const stop = (): void => {
    stopped = true;
    abort?.abort();
    over();
  };
  const timer = setTimeout(stop, milliseconds);
  reply.raw.once("close", stop);
  return {
    signal: (): AbortSignal => {
      abort ??= new AbortController();
      if (stopped) abort.abort();
      return abort.signal;
    },
    /** What work gives, or `late()` as soon as the end comes. */
    orLate: <Value>(work: Promise<Value>, late: () => Value): Promise<Value> =>
      new Promise((resolve, reject) => {
        over = () => resolve(late());
        if (stopped) over();
        work.then(resolve, reject);
      }),
    end: () => {
      clearTimeout(timer);
      reply.raw.removeListener("close", stop);
    },
  };
};

/** The rewards of a server, and the limits that hold for all who ask. */
export const scoring = (options: ServeOptions): Scoring => {
  const rewards = new Map(rewardsOf(options).map((each) => [each.name, each]));
  const [first] = rewards.values();
  const counted = metrics();
  const places = gate(options.concurrency, options.queue);

  const within: Scoring["within"] = async (reply, work, late) => {
    const { signal, orLate, end } = watch(reply, options.timeout);
    try {
      const inside = await places.enter(signal);
      if (inside === undefined) {
        const message = `${options.concurrency} requests are being scored and ${options.queue} wait; come again`;
        throw refusal(503, "Busy", message, { retryAfter: 1 });
      }
      if (!inside) return late();
      try {
        return await orLate(work(signal), late);
      } finally {
        places.leave();
      }
    } finally {
      end();
    }
  };

  return {
    options,
    metrics: counted,
    names: [...rewards.keys()],
    pick: (name) => {
      const found = name === undefined ? first : rewards.get(name as string); // what is no text is no name
      if (found) return found;
      const known = [...rewards.keys()].join(", ");
      throw refusal(404, "UnknownReward", `there is no reward ${JSON.stringify(name)} here, only ${known}`, {
        field: "reward",
      });
    },
    within,
    score: async (reward, batch, reply, step = 0) => {
      if (batch.length === 0) return [];
      const late = () => allFailed(batch, `reward ${reward.name}: no score within ${options.timeout} ms`);
      const scores = await within(reply, (signal) => reward.score(batch, new Context(step, signal)), late);
      const even = scores.some(({ failures }) => failures) ? scores.map((each) => padded(each, reward)) : scores;
      counted.scored(even);
      return even;
    },
    gauges: () => ({ msrl_in_flight: places.inside(), msrl_waiting: places.waiting() }),
  };
};

/** A context whose signal is made when it is read. A class: V8 keeps a shape for each literal that has a getter, and all it holds. */
class Context implements RewardContext {
  constructor(
    readonly step: number,
    private readonly asked: () => AbortSignal,
  ) {}
  get signal(): AbortSignal {
    return this.asked();
  }
}

/** A score that came of no reward has its parts too. */
const padded = (score: Score, reward: Served): Score => ({
  ...score,
  parts: { ...Object.fromEntries(reward.parts().map((part) => [part, null])), ...score.parts },
});
