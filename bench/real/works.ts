import { fold, integer, type Key, key, type Prompt, text, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grpo } from "@msrl/core/losses";
import { adamw, type Optimizer } from "@msrl/core/optim";
import type { TrainablePolicy, TrainingBatch } from "@msrl/core/policy";
import { perCompletion, weightedSum } from "@msrl/rewards";
import { grpoStage, type Question } from "@msrl/stages";
import type { Sizes } from "../subjects.js";
import type { Work } from "../work.js";

const seed = key(1);
const words = 40_000;

const idsFor = (from: Key, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => 100 + integer(fold(from, at), words));

/** Prompts whose text is token ids in decimal: see `idTokenizer`. */
const promptsOf = ({ prompts, prompt }: Sizes): readonly Prompt[] =>
  Array.from({ length: prompts }, (_, at) => ({
    id: `${at}`,
    messages: [{ role: "user", content: [text(idsFor(fold(seed, at), prompt).join(" "))] }],
  }));

const completionsOf = ({ samples, completion }: Sizes, prompt: number): readonly (readonly number[])[] =>
  Array.from({ length: samples }, (_, sample) => idsFor(fold(fold(seed, 1000 + prompt), sample), completion));

const optimizer: Optimizer = { transform: adamw({ learningRate: 1e-4, weightDecay: 0 }) };
const loss = grpo({ beta: 0 });

/** The share of even token ids, of which a completion's text consists: what the peer is rewarded for as well. */
const evenShare = perCompletion("even", (completion) => {
  const ids = completion.split(" ").map(Number);
  return ids.filter((id) => id % 2 === 0).length / ids.length;
});

/** A step of GRPO as `runStage` makes it: completions, rewards, advantages, update. */
const step = <State>(policy: TrainablePolicy<State>, first: State, sizes: Sizes): Work => {
  const questions: readonly Question<unknown>[] = promptsOf(sizes).map((prompt) => ({ prompt, reference: {} }));
  const stage = grpoStage<State, unknown>({
    name: "bench",
    questions,
    steps: 1,
    batchSize: sizes.prompts,
    sampling: { samples: sizes.samples, temperature: 1, maxTokens: sizes.completion },
    reward: weightedSum({ even: { reward: evenShare, weight: 1 } }),
    advantage: groupRelative(),
    loss,
    optimizer,
  });
  let state = first;
  let done = 0;
  return async () => {
    const items = questions.map((_, at) => at);
    const { batch } = await toPromise(stage.prepare({ policy, state, step: done, key: fold(seed, done), items }));
    ({ state } = await toPromise(policy.update(state, batch, loss, optimizer)));
    done += 1;
  };
};

const update = <State>(policy: TrainablePolicy<State>, first: State, sizes: Sizes): Work => {
  const batch: TrainingBatch = promptsOf(sizes).map((prompt, at) => ({
    prompt,
    completions: completionsOf(sizes, at).map((tokenIds, sample) => ({ tokenIds, advantage: (sample % 2) * 2 - 1 })),
  }));
  let state = first;
  return async () => {
    ({ state } = await toPromise(policy.update(state, batch, loss, optimizer)));
  };
};

const rollout = <State>(policy: TrainablePolicy<State>, state: State, sizes: Sizes): Work => {
  const sampling = { samples: sizes.samples, temperature: 1, maxTokens: sizes.completion };
  let draws = 0;
  return async () => {
    await toPromise(policy.sample(state, promptsOf(sizes), sampling, fold(seed, draws++)));
  };
};

const logProbs = <State>(policy: TrainablePolicy<State>, state: State, sizes: Sizes): Work => {
  const sequences = promptsOf(sizes).map((prompt, at) => ({ prompt, completions: completionsOf(sizes, at) }));
  return async () => {
    await toPromise(policy.logProbs(state, sequences));
  };
};

/** The work of a name on a policy; names are those of `sizes.ts`, what stands behind a comma apart. */
export const realWork = <State>(name: string, policy: TrainablePolicy<State>, state: State, sizes: Sizes): Work => {
  const works = { step, update, rollout, "log-probs": logProbs, "long rollout": rollout };
  return works[name.split(",")[0] as keyof typeof works](policy, state, sizes);
};
