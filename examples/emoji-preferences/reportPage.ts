import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Media, PreferenceSample } from "@msrl/core";
import { type Comparison, emptyReport, type PlainRecord, type Report, type StageReport } from "@msrl/stages/report";
import type { RunOptions } from "./options.js";
import type { FinishedStage, RunOutcome, SampleOutcome } from "./run.js";
import { stageTitles } from "./stages.js";

const versionOf = (name: string): string => {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
};

const kinds = { coldStart: "sft", cmkd: "sft" } as Readonly<Record<string, string>>;

const stageReport = ({ name, steps, seconds }: FinishedStage): StageReport => ({
  name,
  title: stageTitles[name],
  kind: kinds[name] ?? "grpo",
  steps,
  seconds,
  summary: {},
});

/** Standard error of a share of `count` items. */
export const standardError = (accuracy: number, count: number): number =>
  Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, count));

const picturesOf = ({ context, responses }: PreferenceSample) =>
  [...context, ...responses].flatMap((item) => {
    if (typeof item === "string") return [];
    const { frames, caption }: Media = item;
    return [{ pixels: frames, ...(caption !== undefined && { caption }) }];
  });

const judgement = ({ sample, prompt, completion, verdict }: SampleOutcome): Report["samples"][number] => ({
  id: sample.id,
  task: sample.task,
  promptText: prompt,
  completion,
  ...(sample.label && { label: sample.label }),
  ...(verdict !== null && { verdict }),
  images: picturesOf(sample),
});

/** The base model, what the comparison made of it, then the five stages: the last row is what the run is about. */
const inOrder = ({ evaluations, multimodalOnly }: RunOutcome): Report["evaluations"] => {
  const base = evaluations.filter(({ after }) => after === evaluations[0]!.after);
  return [...base, ...multimodalOnly.evaluations, ...evaluations.slice(base.length)];
};

const comparisons = ({ evaluations, multimodalOnly, voting }: RunOutcome): readonly Comparison[] => {
  const seen = evaluations.filter(({ name }) => name === "seen");
  const row = (label: string, found: { accuracy: number; count: number }, note?: string): Comparison => ({
    label,
    accuracy: found.accuracy,
    standardError: standardError(found.accuracy, found.count),
    ...(note !== undefined && { note }),
  });
  return [
    row("five stages", seen.at(-1)!, "one judgement a sample, greedy"),
    row("five stages, voting@8", voting, "majority of eight at temperature 1"),
    row(
      "multimodal only",
      multimodalOnly.evaluations.find(({ name }) => name === "seen")!,
      "as many RL steps, on the labelled multimodal data alone",
    ),
    row("base model", seen[0]!, "knows words, formats and pictures; its verdicts were taught at random"),
  ];
};

/** Everything a run found, as the report that its page and its JSON show. */
export const demoReport = (options: RunOptions, outcome: RunOutcome, device: string, created: string): Report => {
  const { table } = outcome.traces;
  const { unsure: _, ...dropped } = table.dropped; // no threshold here
  return {
    ...emptyReport(options.quick ? "Emoji preferences, quick run" : "Emoji preferences"),
    description:
      "A generative multimodal reward model of 0.4 million parameters, trained through the stages of MSRL on scenes of emoji. Accuracy is on held-out pairs of objects that no training scene shows together.",
    created,
    configuration: { seed: options.seed, device, settings: outcome.settings as unknown as PlainRecord },
    versions: {
      node: process.version,
      packages: Object.fromEntries(
        ["onnxruntime-node", "@huggingface/tokenizers", "sharp"].map((name) => [name, versionOf(name)]),
      ),
    },
    machine: {
      processor: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      "memory, GiB": Math.round(totalmem() / 2 ** 30),
    },
    stages: [...outcome.stages, outcome.multimodalOnly.stage].map(stageReport),
    evaluations: inOrder(outcome),
    comparisons: comparisons(outcome),
    samples: outcome.samples.map(judgement),
    yields: [
      {
        title: "CMKD: traces from captions",
        rows: [{ label: "samples", values: { samples: table.samples, kept: table.kept, ...dropped } }],
        note: "Dropped: no verdict could be read, the vote was tied, or no candidate of the winning verdict kept the format.",
      },
    ],
    notes: [
      `One run, seed ${options.seed}; the standard errors are those of the test set's size alone. npm run reproduce compares seeds.`,
      "Pictures: Twemoji by Twitter and contributors, CC-BY 4.0; captions: Unicode CLDR short names.",
    ],
  };
};
