import { median, ratio, type Timing } from "../alternate.js";
import { tableOf } from "../table.js";
import type { RealMeasured } from "./measure.js";
import type { RealPeer } from "./sizes.js";

/** Seconds: the middle one, and the fastest in brackets. */
const seconds = (timings: readonly Timing[] | undefined, of: keyof Timing): string => {
  if (!timings || timings.length === 0) return "not measured";
  const values = timings.map((timing) => timing[of] / 1000);
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)})`;
};

/** Whether a number reaches another; not known where either is missing. */
const atLeast = (a: number | undefined, b: number | undefined): boolean | undefined =>
  a === undefined || b === undefined ? undefined : a >= b;

const verdict = (goal: string, reached: boolean | undefined): string =>
  reached === undefined ? goal : `${goal}, ${reached ? "reached" : "missed"}`;

const goalsOf = ({ goal, memoryGoal }: RealPeer, speed: number | undefined, share: number | undefined): string =>
  [
    ...(goal === undefined ? [] : [verdict(`>= ${goal}x`, atLeast(speed, goal))]),
    ...(memoryGoal === undefined ? [] : [verdict(`memory <= ${memoryGoal}x`, atLeast(memoryGoal, share))]),
  ].join("; ");

const times = (value: number | undefined): string => (value === undefined ? "" : `${value.toFixed(2)}x`);

const besideOurs = ({ rounds, memory }: RealMeasured, peer: RealPeer): readonly string[] => {
  const [own, other] = [rounds.get("msrl"), rounds.get(peer.name)];
  const both = own && other;
  const speed = both && ratio(own, other, "wall");
  const share = both && memory.msrl! / memory[peer.name]!;
  return [
    peer.name,
    seconds(other, "wall"),
    seconds(other, "processor"),
    memory[peer.name]?.toFixed(0) ?? "",
    times(speed),
    times(both && ratio(own, other, "processor")),
    times(share),
    goalsOf(peer, speed, share),
  ];
};

const alone = ({ work, memory }: RealMeasured): readonly string[] => {
  const { memoryGoal } = work;
  const goal = memoryGoal === undefined ? "" : verdict(`<= ${memoryGoal} MB`, atLeast(memoryGoal, memory.msrl));
  return ["", "", "", "", "", "", "", goal];
};

const rowsOf = (measured: RealMeasured): readonly (readonly string[])[] => {
  const { work, rounds, memory } = measured;
  const { prompts, samples, prompt, completion } = work.sizes;
  const own = rounds.get("msrl");
  const ours = [
    `${work.name}, ${prompts} x ${samples} x (${prompt} + ${completion})`,
    seconds(own, "wall"),
    seconds(own, "processor"),
    memory.msrl?.toFixed(0) ?? "",
  ];
  if (work.peers.length === 0) return [[...ours, ...alone(measured)]];
  return work.peers.map((peer) => [...ours, ...besideOurs(measured, peer)]);
};

/**
 * Times and memory of every work beside its peers, in seconds and MB. Ratios of time are the peer's over ours, the
 * median over rounds; of memory ours over the peer's.
 */
export const realTable = (measured: readonly RealMeasured[]): string =>
  tableOf(
    ["work", "s", "processor s", "MB", "peer", "s", "processor s", "MB", "ratio", "processor", "memory", "goal"],
    measured.flatMap(rowsOf),
  );

/** How long our side takes to stand: the policy made, and the graphs compiled; milliseconds and MB. */
export const startTable = (measured: readonly RealMeasured[]): string =>
  tableOf(
    ["work", "policy stands, ms", "memory then, MB", "graphs compiled, ms"],
    measured.map(({ work, start }) => [
      work.name,
      start.loaded.toFixed(0),
      start.loadedMb.toFixed(0),
      start.compiled.toFixed(0),
    ]),
  );
