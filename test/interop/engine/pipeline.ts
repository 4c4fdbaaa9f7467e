import { key, type Label, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { adamw } from "@msrl/core/optim";
import type { TinkerState } from "@msrl/core/tinker";
import { perCompletion, weightedSum } from "@msrl/rewards";
import { evaluate, grpoStage, runStage, sftStage } from "@msrl/stages";
import { type EngineOptions, enginePolicy, idPrompt } from "./policies.js";

/** The verdict of a completion: token 65 is A, 66 is B, alone. */
const readVerdict = (text: string): Label | null => (text === "65" ? "A" : text === "66" ? "B" : null);

/** Questions whose last token says which verdict is right. */
const questions = Array.from({ length: 8 }, (_, at) => {
  const label: Label = at % 2 === 0 ? "A" : "B";
  return { prompt: idPrompt([5, 30 + at, label === "A" ? 20 : 120]), reference: { label, task: "text" } };
});
const sampling = { samples: 8, temperature: 1, maxTokens: 3 };
const optimizer = { transform: adamw({ learningRate: 2e-3 }) };
const reward = weightedSum({
  accuracy: {
    reward: perCompletion<{ label: Label }>("accuracy", (text, { label }) => Number(readVerdict(text) === label)),
    weight: 1,
  },
});

const format = sftStage<TinkerState>({
  name: "format",
  examples: questions.map(({ prompt, reference }) => ({ prompt, completion: reference.label === "A" ? "65" : "66" })),
  steps: 8,
  batchSize: 8,
  loss: crossEntropy(),
  optimizer,
});

const learning = { questions, batchSize: 4, sampling, reward, advantage: groupRelative({ scale: "none" }), optimizer };

/** SFT on the format, GRPO, GRPO with replay, evaluation between: the words of what was found; throws where nothing was learned. */
export const pipeline = async (options: EngineOptions): Promise<readonly string[]> => {
  const policy = enginePolicy(options);
  const run = key(11);
  const judged = (state: Parameters<typeof policy.save>[0]) =>
    evaluate(questions, { policy, state, sampling: { ...sampling, samples: 4 }, key: key(2), readVerdict });
  const first = await toPromise(policy.init(run));
  const cold = await runStage(format, { policy, state: first, key: run });
  const before = await judged(cold.state);
  const fresh = grpoStage<TinkerState, (typeof questions)[number]["reference"]>({
    ...learning,
    name: "verdict",
    steps: 10,
    loss: grpo(),
    keep: { threshold: 1, limit: 8 },
  });
  const { state, replay, steps } = await runStage(fresh, { policy, state: cold.state, key: run });
  const loss = grpo({ beta: 0.01 });
  const again = { from: replay, newPerOld: 4, weight: 0.5 };
  const kept = await toPromise(policy.freeze(cold.state));
  const second = grpoStage({ ...learning, name: "replay", steps: 4, loss, replay: again, referenceState: kept });
  const end = await runStage(second, { policy, state, key: run });
  const after = await judged(end.state);
  await toPromise(policy.close());
  const rewards = [...steps, ...end.steps].map(({ metrics }) => metrics.reward!);
  const of = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(" ");
  const found = `unreadable ${before.unreadable.toFixed(2)} -> ${after.unreadable.toFixed(2)}, accuracy ${before.accuracy.toFixed(2)} -> ${after.accuracy.toFixed(2)}`;
  if (!(rewards.at(-1)! > rewards[0]! + 0.2) || !(after.accuracy > 0.8))
    throw new Error(`nothing learned: ${found}; reward ${of(rewards)}`);
  return [`SFT, GRPO, GRPO with replay (${replay.length} kept): ${found}; reward ${of(rewards)}`];
};
