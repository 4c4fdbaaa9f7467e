import { type Label, toPromise } from "@msrl/core";
import { accuracy, format, official, taskType, weightedSum } from "@msrl/rewards";
import { alternate, type Contender, median, ratio, timed } from "../alternate.js";
import type { Peer } from "../peer.js";
import { log } from "../report.js";
import { tableOf } from "../table.js";
import { completions, labels, taskName } from "./completions.js";

/** Calls a round, and rounds that are not counted: a training run is long, so what is timed is compiled code. */
const [repeats, warmUp] = [100, 12];
const tags = ["type", "think", "answer"] as const;

const rewards = {
  "MSRL's three": weightedSum({
    accuracy: { reward: accuracy(), weight: 1 },
    format: { reward: format({ tags }), weight: 0.2 },
    task: { reward: taskType(), weight: 0.2 },
  }),
  "official preset": weightedSum({
    accuracy: { reward: official.accuracy, weight: 1 },
    format: { reward: official.format, weight: 0.2 },
    task: { reward: official.task, weight: 0.2 },
  }),
} as const;

const batch = completions.map((text, at) => ({
  prompt: { id: `${Math.floor(at / 8)}`, messages: [] },
  completion: { text, tokenIds: [], logProbs: [], truncated: false },
  reference: { label: labels[at] as Label, task: taskName },
}));

const ours: readonly Contender[] = Object.entries(rewards).map(([name, reward]) => ({
  name,
  run: () =>
    timed(async () => {
      for (let at = 0; at < repeats; at++) await toPromise(reward(batch));
    }),
}));

/** The plugin's three functions in Python, with the same patterns. */
const theirs = (peer: Peer): Contender => ({
  name: "official plugin",
  run: async () => {
    const answer = await peer.ask({ completions, labels, task: taskName, repeats });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer as { readonly wall: number; readonly processor: number };
  },
});

/** Microseconds of processor time a completion, and how many times the plugin's that is. */
export const benchFunctions = async (rounds: number, peer: Peer | undefined): Promise<string> => {
  log("functions");
  const fails = (name: string, why: string): void => log(`${name} drops out: ${why}`);
  const contenders = [...ours, ...(peer ? [theirs(peer)] : [])];
  const timings = await alternate(contenders, rounds, fails, warmUp);
  const plugin = timings.get("official plugin");
  const each = 1000 / (repeats * completions.length);
  const rows = [...timings].map(([name, own]) => {
    const used = own.map(({ processor }) => each * processor);
    const faster = plugin && name !== "official plugin" ? ratio(own, plugin, "processor") : undefined;
    return [
      name,
      `${median(used).toFixed(2)} (${Math.min(...used).toFixed(2)})`,
      faster === undefined ? "" : `${faster.toFixed(1)}x`,
      name === "MSRL's three" ? `>= 10x${faster === undefined ? "" : faster >= 10 ? ", reached" : ", missed"}` : "",
    ];
  });
  const length = Math.round(completions.reduce((sum, text) => sum + text.length, 0) / completions.length);
  return `Completions of ${length} characters\n\n${tableOf(["rewards", "processor us a completion", "ratio", "goal"], rows)}`;
};
