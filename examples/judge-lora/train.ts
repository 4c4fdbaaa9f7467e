import { fold, type Key, toPromise } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import { runStage, type StepMetrics } from "@msrl/stages";
import { type Judged, judge } from "./judge.js";
import type { Split } from "./questions.js";
import { formatStage, judgeStage, type Settings } from "./stages.js";

/** What a training is made of. */
export interface TrainOptions<State> {
  readonly policy: TrainablePolicy<State>;
  readonly split: Split;
  readonly settings: Settings;
  readonly key: Key;
  readonly onStep?: (stage: string, step: StepMetrics) => void;
  /** Called with the held-out pairs' judgement of the untrained judge, and after each stage. */
  readonly onJudged?: (after: string, judged: Judged) => void;
}

/** Trains a judge, format first, then GRPO, and judges the held-out pairs before, between and after. */
export const trainJudge = async <State>(
  options: TrainOptions<State>,
): Promise<{ readonly state: State; readonly judged: Readonly<Record<string, Judged>> }> => {
  const { policy, split, settings, key, onStep, onJudged } = options;
  const judged: Record<string, Judged> = {};
  const measure = async (after: string, state: State): Promise<void> => {
    judged[after] = await judge(policy, state, split.heldOut, key);
    onJudged?.(after, judged[after]);
  };
  let state: State = await toPromise(policy.init(fold(key, "adapter")));
  await measure("untrained", state);
  for (const stage of [formatStage<State>(split.train, settings), judgeStage<State>(split.train, settings)]) {
    const done = await runStage(stage, {
      policy,
      state,
      key: fold(key, stage.name),
      ...(onStep && { onStep: (step) => onStep(stage.name, step) }),
    });
    state = done.state;
    await measure(stage.name, state);
  }
  return { state, judged };
};
