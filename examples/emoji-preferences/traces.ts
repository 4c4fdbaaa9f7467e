import { fold, type Key, toPromise } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import { type CmkdResult, cmkdExamples } from "@msrl/distill";
import { hasFormat, verdict } from "@msrl/rewards";
import { either as E } from "fp-ts";
import { type Data, questionsOf } from "./data.js";
import { maxTokens, type Settings } from "./settings.js";
import { tags } from "./stages.js";
import { captionOf } from "./world/index.js";

/**
 * CMKD's training set: the policy judges unlabelled samples from their captions, several times each; the majority's
 * surest well-formed trace becomes what the student is to write when it sees the picture.
 */
export const makeTraces = async <State>(
  policy: TrainablePolicy<State>,
  state: State,
  data: Data,
  { samples, candidates }: Settings["cmkd"],
  key: Key,
): Promise<CmkdResult> => {
  const pool = data.unlabelled.slice(0, samples);
  const asked = questionsOf("captioned", pool);
  const seen = questionsOf("seen", pool);
  const rollouts = await toPromise(
    policy.sample(
      state,
      asked.map(({ prompt }) => prompt),
      { samples: candidates, temperature: 1, maxTokens: maxTokens.captioned },
      fold(key, "traces"),
    ),
  );
  const result = cmkdExamples({ hasFormat: hasFormat({ tags: tags.captioned }), readVerdict: verdict() })(
    rollouts.map((rollout, at) => ({ prompt: seen[at]!.prompt, caption: captionOf(pool[at]!), rollout })),
  );
  if (E.isLeft(result)) throw result.left;
  return result.right;
};
