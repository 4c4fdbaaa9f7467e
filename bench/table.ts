import { median, ratio } from "./alternate.js";
import { forwardFlops, trainingFlops } from "./flops.js";
import { type Measured, peersOf } from "./measure.js";
import { elements, type Largest } from "./watch.js";
import { sizesOf } from "./work.js";

type Row = readonly string[];

/** A table in Markdown, its columns of even width. */
export const tableOf = (head: Row, rows: readonly Row[]): string => {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (row: Row): string => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
};

/** Times on the clock: the middle one and the fastest. */
const shownTimes = (times: readonly number[]): string =>
  `${median(times).toFixed(0)} (${Math.min(...times).toFixed(0)})`;

const tokensOf = ({ subject, work }: Measured): number => {
  const { prompts, samples, prompt, completion } = sizesOf(subject, work);
  return work === "rollout" ? prompts * samples * completion : prompts * samples * (prompt + completion);
};

const goals: Readonly<Record<Measured["work"], readonly [peer: string, goal: number]>> = {
  rollout: ["generate", 4],
  step: ["faster", 1],
  update: ["faster", 2],
};

/** A peer of a work, or the word for what is missing. */
const peerTimes = (measured: Measured, peer: string): string => {
  const timings = measured.rounds.get(peer);
  return timings ? shownTimes(timings.map(({ wall }) => wall)) : "not measured";
};

const ratioTo = ({ rounds }: Measured, peer: string, of: "wall" | "processor"): number | undefined => {
  const others = rounds.get(peer);
  return others && ratio(rounds.get("msrl")!, others, of);
};

/** The ratio that a goal speaks of: to one peer, or to the faster of them. */
const goalRatio = (measured: Measured, of: "wall" | "processor"): number | undefined => {
  const [peer] = goals[measured.work];
  if (peer !== "faster") return ratioTo(measured, peer, of);
  const ratios = peersOf[measured.work].flatMap((each) => ratioTo(measured, each, of) ?? []);
  return ratios.length === 0 ? undefined : Math.min(...ratios);
};

const times = (value: number | undefined): string => (value === undefined ? "not measured" : `${value.toFixed(2)}x`);

/** Times of every work beside its peers, ratios and goals; `peak` in GFLOP/s. */
export const timesTable = (all: readonly Measured[], peak: number): string =>
  tableOf(
    ["model", "work", "msrl ms", "tokens/s", "of peak", "JS ms", "peer", "peer ms", "ratio", "processor", "goal"],
    all.flatMap((measured) => {
      const { subject, work, rounds, inRuns } = measured;
      const own = rounds.get("msrl")!.map(({ wall }) => wall);
      const flops = (work === "rollout" ? forwardFlops : trainingFlops)(subject.config, sizesOf(subject, work));
      const share = flops / Math.min(...own) / 1e6 / peak;
      const [wanted, goal] = goals[work];
      const ours = [
        subject.name,
        work,
        shownTimes(own),
        ((1000 * tokensOf(measured)) / median(own)).toFixed(0),
        `${(100 * share).toFixed(0)} %`,
        (median(own) - median(inRuns)).toFixed(1),
      ];
      const reached = goalRatio(measured, "wall");
      return peersOf[work].map((peer) => [
        ...ours,
        peer,
        peerTimes(measured, peer),
        times(ratioTo(measured, peer, "wall")),
        times(ratioTo(measured, peer, "processor")),
        wanted === "faster" || wanted === peer
          ? `>= ${goal}x${reached === undefined ? "" : reached >= goal ? ", reached" : ", missed"}`
          : "",
      ]);
    }),
  );

/** What leaves the graphs besides the model's state: the largest output of each. */
export const outputsTable = (largest: readonly Largest[]): string =>
  tableOf(
    ["graph", "largest output", "shape", "numbers"],
    largest.map(({ model, output, shape }) => [model, output, `[${shape.join(", ")}]`, `${elements(shape)}`]),
  );
