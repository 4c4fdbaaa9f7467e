import { fileURLToPath } from "node:url";
import { alternate, type Contender, type Rounds } from "../alternate.js";
import { openProgram, type Peer } from "../peer.js";
import { type RealWork, realWorks } from "./sizes.js";

/** What one work gave: timings of all sides, their most resident memory in MB, and what ours says of its start. */
export interface RealMeasured {
  readonly work: RealWork;
  /** Timings of `msrl` and of the peers that answered. */
  readonly rounds: Rounds;
  readonly memory: Readonly<Record<string, number>>;
  readonly start: Start;
}

/** How our side came to stand: milliseconds until the policy was there, and in all compilations; MB when it was there. */
export interface Start {
  readonly loaded: number;
  readonly compiled: number;
  readonly loadedMb: number;
}

/** How the bench of a real model is run. */
export interface RealOptions {
  readonly folder: string;
  readonly rounds: number;
  readonly threads: number;
  /** A Python with torch, transformers, peft and TRL. */
  readonly python?: string;
  readonly works?: readonly string[];
  log(line: string): void;
}

const child = fileURLToPath(new URL("./child.ts", import.meta.url));
const script = fileURLToPath(new URL("../peers/real.py", import.meta.url));

const asked = (name: string, program: Peer): Contender => ({
  name,
  run: async () => {
    const answer = await program.ask({ verb: "run" });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer as { readonly wall: number; readonly processor: number };
  },
});

/** Our side and its peers, each a process of its own. */
const programsOf = (work: RealWork, { folder, threads, python }: RealOptions): ReadonlyMap<string, Peer> => {
  const about = (name: string): readonly string[] => [folder, name, JSON.stringify(work.sizes)];
  const ours = [...process.execArgv, child, ...about(work.name), `${threads}`];
  const peers = python ? work.peers : [];
  return new Map([
    ["msrl", openProgram(process.execPath, ours, threads)],
    ...peers.map(({ name }) => [name, openProgram(python!, [script, ...about(name)], threads)] as const),
  ]);
};

const measureWork = async (work: RealWork, options: RealOptions): Promise<RealMeasured> => {
  const programs = programsOf(work, options);
  const contenders = [...programs].map(([name, program]) => asked(name, program));
  const fails = (name: string, reason: string): void => options.log(`${name} drops out: ${reason}`);
  const rounds = await alternate(contenders, options.rounds, fails, 1);
  const memory: Record<string, number> = {};
  for (const name of rounds.keys()) memory[name] = (await programs.get(name)!.ask({ verb: "memory" })).mb as number;
  const start = (await programs.get("msrl")!.ask({ verb: "about" })) as unknown as Start;
  for (const program of programs.values()) program.close();
  return { work, rounds, memory, start };
};

/**
 * Times the works on a real model beside torch, transformers and TRL, turn by turn. Each side of each work is a fresh
 * process, so that its most resident memory is that work's.
 */
export const measureReal = async (options: RealOptions): Promise<readonly RealMeasured[]> => {
  const measured: RealMeasured[] = [];
  for (const work of realWorks.filter(({ name }) => options.works?.includes(name) ?? true)) {
    options.log(`${options.folder}: ${work.name}`);
    measured.push(await measureWork(work, options));
  }
  return measured;
};

/** What the peer says of itself: versions; nothing without one. */
export const aboutPeer = async (
  options: Pick<RealOptions, "folder" | "threads" | "python">,
): Promise<Readonly<Record<string, unknown>>> => {
  if (!options.python) return {};
  const peer = openProgram(options.python, [script, options.folder, "about", "{}"], options.threads);
  const answer = await peer.ask({ verb: "about" });
  peer.close();
  return answer;
};
