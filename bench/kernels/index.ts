// npm run bench -- --kernels: times kernels beside the way TRL does them in torch, in the same run. See ../README.md.
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { alternate, median, ratio, type Timing, timed } from "../alternate.js";
import { matmulPeak } from "../peak.js";
import { openProgram, type Peer } from "../peer.js";
import { log, machineOf, report } from "../report.js";
import { tableOf } from "../table.js";
import { kernelMemory } from "./memory.js";
import { kernels, type Sizes } from "./works.js";

/** What the bench of kernels is run with. */
export interface KernelsOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly memory: boolean;
  readonly python?: string;
  readonly works?: readonly string[];
}

/** A kernel at some sizes, and how many times torch's speed is wanted. */
interface Case {
  readonly kernel: string;
  readonly sizes: Sizes;
  readonly goal: number;
  /** Whether memory is measured too: its goal is a third of torch's. */
  readonly memory?: true;
  /** Whether it takes so little time that a round is cheap: ten times as many are run. */
  readonly short?: true;
}

const at = (batch: number, time: number, vocabulary = 1): Sizes => ({ batch, time, vocabulary, width: 576 });

const cases: readonly Case[] = [
  { kernel: "log-probs", sizes: at(8, 512, 32_000), goal: 2 },
  { kernel: "log-probs", sizes: at(2, 512, 151_936), goal: 2 },
  { kernel: "entropy", sizes: at(8, 512, 32_000), goal: 2 },
  { kernel: "entropy", sizes: at(2, 512, 151_936), goal: 2 },
  { kernel: "GRPO and gradient", sizes: at(8, 512), goal: 1, short: true },
  { kernel: "GRPO and gradient", sizes: at(256, 512), goal: 1, short: true },
  { kernel: "loss from hidden states", sizes: at(8, 512, 32_000), goal: 1, memory: true },
  { kernel: "loss from hidden states", sizes: at(2, 512, 151_936), goal: 1, memory: true },
  { kernel: "JSD and gradient", sizes: at(2, 512, 32_000), goal: 1 },
  { kernel: "JSD from hidden states", sizes: at(2, 512, 32_000), goal: 1, memory: true },
  { kernel: "groupRelative", sizes: at(1_000_000, 1), goal: 1, short: true },
];

const script = fileURLToPath(new URL("../peers/kernels.py", import.meta.url));

const shown = ({ batch, time, vocabulary }: Sizes): string =>
  `${batch.toLocaleString("en")} x ${time}${vocabulary > 1 ? ` x ${vocabulary.toLocaleString("en")}` : ""}`;

const askTiming = async (peer: Peer, { kernel, sizes }: Case): Promise<Timing> => {
  const answer = await peer.ask({ verb: "run", kernel, sizes });
  if (answer.error) throw new Error(answer.error);
  return { wall: Number(answer.wall), processor: Number(answer.processor) };
};

/** The row of a kernel: milliseconds on the clock, the median, the fastest in brackets; ratios over rounds. */
const timeRow = async (one: Case, options: KernelsOptions, peer: Peer | undefined): Promise<readonly string[]> => {
  const device = await openDevice({ thread: "main", threads: options.threads });
  const run = await kernels[one.kernel]!(device, one.sizes);
  const own = { name: "msrl", run: () => timed(async () => void (await run())) };
  const other = peer ? [{ name: "torch", run: () => askTiming(peer, one) }] : [];
  const rounds = await alternate([own, ...other], options.rounds * (one.short ? 10 : 1), (name, why) =>
    log(`${name}: ${why}`),
  );
  await device.close();
  const [ours, theirs] = [rounds.get("msrl"), rounds.get("torch")];
  if (!ours) return [one.kernel, shown(one.sizes), "failed", ...Array<string>(4).fill("")];
  const ms = (times: readonly Timing[]): string => {
    const walls = times.map(({ wall }) => wall);
    return `${median(walls).toFixed(1)} (${Math.min(...walls).toFixed(1)})`;
  };
  const reached = theirs && ratio(ours, theirs, "wall");
  const verdict = reached === undefined ? "" : reached >= one.goal ? ": reached" : ": missed";
  return [
    one.kernel,
    shown(one.sizes),
    ms(ours),
    theirs ? ms(theirs) : "not measured",
    reached === undefined ? "not measured" : `${reached.toFixed(2)}x`,
    theirs ? `${ratio(ours, theirs, "processor").toFixed(2)}x` : "not measured",
    `>= ${one.goal}x${verdict}`,
  ];
};

/** The row of a kernel's memory: fresh processes that run it three times. */
const memoryRow = async ({ kernel, sizes }: Case, { threads, python }: KernelsOptions): Promise<readonly string[]> => {
  const { before, peak } = kernelMemory(kernel, sizes, threads);
  const ours = [kernel, shown(sizes), before.toFixed(0), peak.toFixed(0)];
  if (!python) return [...ours, "not measured", "not measured"];
  const peer = openProgram(python, [script], threads);
  for (let time = 0; time < 3; time++) await peer.ask({ verb: "run", kernel, sizes });
  const { mb } = await peer.ask({ verb: "memory" });
  peer.close();
  const share = peak / Number(mb);
  return [
    ...ours,
    Number(mb).toFixed(0),
    `${share.toFixed(2)}, <= 0.33 wanted: ${share <= 1 / 3 ? "reached" : "missed"}`,
  ];
};

/** Times the kernels beside torch, measures the memory of a loss from hidden states, and writes the tables. */
export const benchKernels = async (options: KernelsOptions): Promise<void> => {
  const { threads, python } = options;
  const wanted = cases.filter(({ kernel }) => options.works?.includes(kernel) ?? true);
  const probe = await openDevice({ threads });
  const peak = await matmulPeak(probe);
  await probe.close();
  const peer = python ? openProgram(python, [script], threads) : undefined;
  const times: (readonly string[])[] = [];
  for (const one of wanted) {
    log(`${one.kernel} ${shown(one.sizes)}`);
    const row = await timeRow(one, options, peer);
    log(row.slice(2).join(", "));
    times.push(row);
  }
  const machine = machineOf(threads, peak, (await peer?.ask({ verb: "about" })) ?? {});
  peer?.close();
  const memories: (readonly string[])[] = [];
  for (const one of options.memory ? wanted.filter(({ memory }) => memory) : []) {
    log(`memory of ${one.kernel} ${shown(one.sizes)}`);
    memories.push(await memoryRow(one, options));
  }
  report("kernels.md", [
    machine,
    tableOf(["kernel", "sizes", "msrl ms", "torch ms", "ratio", "processor", "goal"], times),
    ...(memories.length > 0
      ? [tableOf(["kernel", "sizes", "inputs, MB", "msrl peak, MB", "torch peak, MB", "share"], memories)]
      : []),
  ]);
};
