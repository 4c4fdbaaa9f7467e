import { fold, key, type PreferenceSample } from "@msrl/core";
import type { DecoderState } from "@msrl/core/models";
import type { Device } from "@msrl/core/session";
import { verdict } from "@msrl/rewards";
import type { Progress, ProgressLine, StepMetrics } from "@msrl/stages";
import type { Evaluation } from "@msrl/stages/report";
import { loadBackbone } from "./backbone.js";
import { type Data, loadData, questionsOf } from "./data.js";
import { judge, judgeAll } from "./judge.js";
import type { RunOptions } from "./options.js";
import { type Handed, type PipelineOptions, rows, runPipelineStage } from "./pipeline.js";
import { type RunFolder, writeRecord } from "./runFolder.js";
import { fullSettings, quickSettings, type Settings } from "./settings.js";
import { type StageName, stageTitles } from "./stages.js";

/** One finished stage: its curves and the seconds it took, over all parts of a resumed run. */
export interface FinishedStage {
  readonly name: StageName;
  readonly steps: readonly StepMetrics[];
  readonly seconds: number;
}

/** A sample with what the trained policy wrote of it. */
export interface SampleOutcome {
  readonly sample: PreferenceSample;
  readonly prompt: string;
  readonly completion: string;
  readonly verdict: string | null;
}

/** Everything a run found. */
export interface RunOutcome {
  readonly settings: Settings;
  readonly stages: readonly FinishedStage[];
  readonly evaluations: readonly Evaluation[];
  readonly multimodalOnly: { readonly stage: FinishedStage; readonly evaluations: readonly Evaluation[] };
  readonly voting: { readonly accuracy: number; readonly count: number };
  readonly traces: NonNullable<Handed<DecoderState>["traces"]>;
  readonly samples: readonly SampleOutcome[];
  readonly seconds: number;
}

/** What a run needs beside its options. */
export interface RunContext {
  readonly device: Device;
  readonly folder: RunFolder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Seconds from any origin. */
  readonly now: () => number;
}

const shown = [
  "loss",
  { name: "reward/accuracy", label: "accuracy", percent: true },
  { name: "reward/format", label: "format", percent: true },
  { name: "completion_length", label: "tokens" },
];

/** Runs stages one after another, with a live line each, evaluations after each, and its seconds kept in the folder. */
const stageRunner = (
  { folder, progress, signal, now }: RunContext,
  shared: Pick<PipelineOptions<DecoderState>, "policy" | "data" | "settings" | "key">,
  resume: boolean,
) => {
  let record = folder.record;
  return async (name: StageName, handed: Handed<DecoderState>) => {
    const start = now();
    let line: ProgressLine | undefined;
    let first: number | undefined;
    const timer = setInterval(() => line?.tick(), 100);
    try {
      const result = await runPipelineStage(
        name,
        {
          ...shared,
          signal,
          checkpoints: (stage) => ({ folder: `${folder.path}/checkpoints/${stage}`, resume }),
          onStart: (stage, steps) => {
            line = progress.stage({ title: stageTitles[stage], total: steps, metrics: shown });
          },
          onStep: (_, { step, metrics }) => {
            first ??= step;
            line?.step(step, metrics);
          },
        },
        handed,
      );
      if (first === undefined) line?.step(result.steps.length);
      const seconds = (first === 1 ? 0 : (record.seconds[name] ?? 0)) + (first === undefined ? 0 : now() - start);
      record = { ...record, seconds: { ...record.seconds, [name]: seconds } };
      await writeRecord(folder, record);
      line?.finish(first === undefined ? "finished before" : undefined);
      return { handed: result.handed, finished: { name, steps: result.steps, seconds } };
    } catch (error) {
      line?.finish();
      record = { ...record, seconds: { ...record.seconds, [name]: (record.seconds[name] ?? 0) + now() - start } };
      await writeRecord(folder, record);
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
};

/** The first held-out samples of three tasks, judged by the trained policy. */
const sampleJudgements = async (
  policy: PipelineOptions<DecoderState>["policy"],
  state: DecoderState,
  data: Data,
  chat: (sample: PreferenceSample) => string,
): Promise<readonly SampleOutcome[]> => {
  const tasks = ["image_understanding", "image_generation", "video_understanding"];
  const samples = tasks.map((task) => data.heldOut.find((sample) => sample.task === task)!);
  const { rollouts } = await judge({ policy, state }, "seen", samples, key(0));
  const read = verdict();
  return samples.map((sample, at) => {
    const completion = rollouts[at]!.completions[0]!.text;
    return { sample, prompt: chat(sample), completion, verdict: read(completion) };
  });
};

/** Runs the whole demo: five stages, the comparison on multimodal data only, voting, three sample judgements. */
export const runDemo = async (options: RunOptions, context: RunContext): Promise<RunOutcome> => {
  const start = context.now();
  const settings = options.quick ? quickSettings : fullSettings;
  const { policy, state, tokenizer } = await loadBackbone(context.device);
  const data = await loadData({ split: "test", ...settings.evaluation });
  const from = key(options.seed);
  const run = stageRunner(context, { policy, data, settings, key: from }, options.resume);
  const evaluated = (judged: DecoderState, after: string) =>
    judgeAll({ policy, state: judged }, data, after, fold(from, "evaluate"));

  const stages: FinishedStage[] = [];
  const evaluations: Evaluation[] = [...(await evaluated(state, "base model"))];
  let handed: Handed<DecoderState> = { state, textReplay: [] };
  for (const name of rows.full) {
    const done = await run(name, handed);
    handed = done.handed;
    stages.push(done.finished);
    evaluations.push(...(await evaluated(handed.state, name)));
  }
  const alone = await run("multimodalOnly", { state, textReplay: [] });
  const judgedAlone = await evaluated(alone.handed.state, "multimodalOnly");
  const voting = await judge({ policy, state: handed.state }, "seen", data.heldOut, fold(from, "vote"), 8);
  const chat = (sample: PreferenceSample) => tokenizer.chat(questionsOf("seen", [sample])[0]!.prompt.messages);
  return {
    settings,
    stages,
    evaluations,
    multimodalOnly: { stage: alone.finished, evaluations: judgedAlone },
    voting: { accuracy: voting.accuracy, count: voting.count },
    traces: handed.traces!,
    samples: await sampleJudgements(policy, handed.state, data, chat),
    seconds: context.now() - start,
  };
};
