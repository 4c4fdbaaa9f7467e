import type { Device } from "@msrl/core/session";
import { alternate, type Contender, type Rounds, timed } from "./alternate.js";
import type { Peer } from "./peer.js";
import type { Subject } from "./subjects.js";
import { type Largest, watch } from "./watch.js";
import { sizesOf, type WorkName, workNames, worksOn } from "./work.js";

/** Names of the peers of each work. */
export const peersOf: Readonly<Record<WorkName, readonly string[]>> = {
  rollout: ["generate", "cache loop"],
  step: ["transformers", "by hand"],
  update: ["transformers", "by hand"],
};

/** One work of one subject, measured. */
export interface Measured {
  readonly subject: Subject;
  readonly work: WorkName;
  /** Timings of `msrl` and of the peers that answered. */
  readonly rounds: Rounds;
  /** Milliseconds of each of our runs that were spent inside ONNX Runtime and on the way there and back. */
  readonly inRuns: readonly number[];
}

const contendersOf = (subject: Subject, work: WorkName, peer: Peer | undefined): readonly Contender[] =>
  !peer
    ? []
    : peersOf[work].map((name) => ({
        name,
        run: async () => {
          const question = { verb: "run", subject: subject.name, work, peer: name };
          const answer = await peer.ask({ ...question, config: subject.config, sizes: sizesOf(subject, work) });
          if (answer.error !== undefined) throw new Error(answer.error);
          return answer as { readonly wall: number; readonly processor: number };
        },
      }));

/** What a bench is run with. */
export interface MeasureOptions {
  readonly device: Device;
  readonly peer?: Peer;
  readonly rounds: number;
  readonly works?: readonly WorkName[];
  log(line: string): void;
}

/** Measures the works of a subject; also gives the largest output of each graph that is not the model's state. */
export const measure = async (
  subject: Subject,
  { device, peer, rounds, works = workNames, log }: MeasureOptions,
): Promise<{ readonly measured: readonly Measured[]; readonly largest: readonly Largest[] }> => {
  const watched = watch(device);
  const own = await worksOn(subject, watched.device);
  const measured: Measured[] = [];
  for (const work of works) {
    log(`${subject.name}: ${work}`);
    const inRuns: number[] = [];
    const ours: Contender = {
      name: "msrl",
      run: async () => {
        const before = watched.runMs();
        const timing = await timed(own[work]);
        inRuns.push(watched.runMs() - before);
        return timing;
      },
    };
    const fails = (name: string, reason: string): void => log(`${name} drops out: ${reason}`);
    const timings = await alternate([ours, ...contendersOf(subject, work, peer)], rounds, fails);
    measured.push({ subject, work, rounds: timings, inRuns: inRuns.slice(-rounds) });
  }
  return { measured, largest: watched.largest() };
};
