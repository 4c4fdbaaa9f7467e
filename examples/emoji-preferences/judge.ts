import type { Key, PreferenceSample } from "@msrl/core";
import type { Policy } from "@msrl/core/policy";
import { verdict } from "@msrl/rewards";
import { type EvaluationResult, evaluate } from "@msrl/stages";
import type { Evaluation } from "@msrl/stages/report";
import { type Data, questionsOf } from "./data.js";
import { maxTokens } from "./settings.js";
import { captionOf, type Mode } from "./world/index.js";

/** A policy with its weights. */
export interface Judge<State> {
  readonly policy: Policy<State>;
  readonly state: State;
}

/** Names of the three held-out sets: pictures, the same samples in captions, text. */
export const sets = { seen: "seen", captioned: "captions", text: "text" } as const satisfies Record<Mode, string>;

/** Judges samples in one form, greedily or by the vote of several completions. */
export const judge = <State>(
  { policy, state }: Judge<State>,
  mode: Mode,
  samples: readonly PreferenceSample[],
  key: Key,
  votes = 1,
): Promise<EvaluationResult> =>
  evaluate(questionsOf(mode, samples), {
    policy,
    state,
    sampling: { samples: votes, temperature: votes === 1 ? 0 : 1, maxTokens: maxTokens[mode] },
    key,
    readVerdict: verdict(),
  });

/** Share of judgements whose caption is word for word the picture's. */
const exactCaptions = (samples: readonly PreferenceSample[], { rollouts }: EvaluationResult): number => {
  const exact = rollouts.filter(({ completions }, at) => {
    const written = /<caption> (.*?) <\/caption>/.exec(completions[0]!.text)?.[1];
    return written === captionOf(samples[at]!);
  });
  return exact.length / Math.max(1, rollouts.length);
};

const toEvaluation = (
  after: string,
  mode: Mode,
  result: EvaluationResult,
  extra: Record<string, number> = {},
): Evaluation => ({
  after,
  name: sets[mode],
  accuracy: result.accuracy,
  count: result.count,
  byTask: result.byTask,
  extra,
});

/** Accuracy on pictures (with exact captions), on captions and on text. */
export const judgeAll = async <State>(
  judged: Judge<State>,
  data: Data,
  after: string,
  key: Key,
): Promise<readonly Evaluation[]> => {
  const seen = await judge(judged, "seen", data.heldOut, key);
  const captioned = await judge(judged, "captioned", data.heldOut, key);
  const text = await judge(judged, "text", data.heldOutText, key);
  return [
    toEvaluation(after, "seen", seen, {
      captions_exact: exactCaptions(data.heldOut, seen),
      unreadable: seen.unreadable,
    }),
    toEvaluation(after, "captioned", captioned),
    toEvaluation(after, "text", text),
  ];
};
