import { fold, type Key } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import type { CmkdResult } from "@msrl/distill";
import { type ReplayItem, runStage, type Stage, type StepMetrics } from "@msrl/stages";
import { type Data, questionsOf } from "./data.js";
import type { Settings } from "./settings.js";
import { captionReplay, imitate, reinforce, type StageName } from "./stages.js";
import { makeTraces } from "./traces.js";
import { goldDemo, poolSizes } from "./world/index.js";

/** The stages of MSRL, and of each row of the paper's ablation. */
export const rows = {
  full: ["coldStart", "textRl", "captionRl", "cmkd", "multimodalRl"],
  "without stage 1": ["captionRl", "cmkd", "multimodalRl"],
  "without caption RL": ["coldStart", "textRl", "cmkd", "multimodalRl"],
  "without CMKD": ["coldStart", "textRl", "captionRl", "multimodalRl"],
  "without stage 3": ["coldStart", "textRl", "captionRl", "cmkd"],
  "multimodal only": ["multimodalOnly"],
} as const satisfies Record<string, readonly StageName[]>;

/** What is handed from stage to stage. */
export interface Handed<State> {
  readonly state: State;
  /** Good text samples of stage 1, for the replay of stage 2a. */
  readonly textReplay: readonly ReplayItem[];
  /** CMKD's training set, whose captions stage 3 replays. */
  readonly traces?: CmkdResult;
}

/** What a stage of the pipeline runs with. */
export interface PipelineOptions<State> {
  readonly policy: TrainablePolicy<State>;
  readonly data: Data;
  readonly settings: Settings;
  readonly key: Key;
  /** Where a stage keeps its checkpoints. */
  readonly checkpoints?: (stage: StageName) => { readonly folder: string; readonly resume: boolean };
  readonly onStart?: (stage: StageName, steps: number) => void;
  readonly onStep?: (stage: StageName, step: StepMetrics) => void;
  readonly signal?: AbortSignal;
}

/** Text samples kept for replay at most. */
const keptText = 800;

const buildStage = <State>(
  name: StageName,
  { policy, data, settings }: PipelineOptions<State>,
  { textReplay, traces }: Handed<State>,
): Stage<State> => {
  switch (name) {
    case "coldStart": {
      const examples = data.text.slice(0, poolSizes.rationales).map(goldDemo("text"));
      return imitate(name, examples, settings.coldStart);
    }
    case "textRl":
      return reinforce(name, "text", questionsOf("text", data.text), settings.textRl, { keep: keptText });
    case "captionRl": {
      const { newPerOld, replayWeight } = settings.captionRl;
      const replay = { from: textReplay, newPerOld, weight: replayWeight };
      const questions = questionsOf("captioned", data.labelled);
      return reinforce(name, "captioned", questions, settings.captionRl, textReplay.length > 0 ? { replay } : {});
    }
    case "cmkd":
      return imitate(name, traces!.examples, settings.cmkd);
    case "multimodalRl": {
      const { batchSize, captionsPerStep, captionWeight } = settings.multimodalRl;
      const from = captionReplay(traces?.examples ?? [], policy.tokenize);
      const replay = { from, newPerOld: batchSize / captionsPerStep, weight: captionWeight };
      const questions = questionsOf("seen", data.labelled);
      return reinforce(name, "seen", questions, settings.multimodalRl, from.length > 0 ? { replay } : {});
    }
    case "multimodalOnly":
      return reinforce(name, "seen", questionsOf("seen", data.labelled), settings.multimodalOnly);
  }
};

/** Runs one stage on what the stages before it handed over; also returns its curves. */
export const runPipelineStage = async <State>(
  name: StageName,
  options: PipelineOptions<State>,
  handed: Handed<State>,
): Promise<{ readonly handed: Handed<State>; readonly steps: readonly StepMetrics[] }> => {
  const { policy, data, settings, key, checkpoints, onStart, onStep, signal } = options;
  const traces =
    name === "cmkd" ? await makeTraces(policy, handed.state, data, settings.cmkd, fold(key, name)) : handed.traces;
  const given: Handed<State> = { ...handed, ...(traces && { traces }) };
  const stage = buildStage(name, options, given);
  onStart?.(name, stage.steps);
  const result = await runStage(stage, {
    policy,
    state: given.state,
    key,
    ...(checkpoints && { checkpoint: { ...checkpoints(name), every: 10 } }),
    ...(onStep && { onStep: (step) => onStep(name, step) }),
    ...(signal && { signal }),
  });
  const textReplay = name === "textRl" ? result.replay : given.textReplay;
  return { handed: { ...given, state: result.state, textReplay }, steps: result.steps };
};
