import { type Key, key, type Prompt, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grpo } from "@msrl/core/losses";
import { type ChatTokenizer, type DecoderConfig, type DecoderState, decoderPolicy } from "@msrl/core/models";
import { adamw, chain, clipByGlobalNorm, cosine } from "@msrl/core/optim";
import type { Saved } from "@msrl/core/policy";
import { openDevice } from "@msrl/core/session";
import { perCompletion, weightedSum } from "@msrl/rewards";
import { grpoStage, type Question, type RunStageOptions, runStage, type StageResult } from "@msrl/stages";

const words = ["<end>", "<pad>", "say", "red", "green", "blue", "twice"];

/** A tokenizer of seven words. */
const tokenizer: ChatTokenizer = {
  vocabularySize: words.length,
  endId: 0,
  padId: 1,
  encode: (text) => text.split(" ").map((word) => words.indexOf(word)),
  decode: (ids) => ids.map((id) => words[id]).join(" "),
  chat: (messages) =>
    messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : ""))).join(" "),
};

const config: DecoderConfig = {
  vocabularySize: words.length,
  hiddenSize: 16,
  intermediateSize: 32,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  headSize: 8,
  ropeTheta: 1000,
  normEpsilon: 1e-6,
  contextLength: 16,
};

const prompt = (id: string, text: string): Prompt => ({
  id,
  messages: [{ role: "user", content: [{ type: "text", text }] }],
});

const colours = ["red", "green", "blue"];

/** What to say, and what is to be heard. */
const questions: readonly Question<string>[] = colours.flatMap((colour) => [
  { prompt: prompt(colour, `say ${colour}`), reference: colour },
  { prompt: prompt(`${colour}-twice`, `say ${colour} twice`), reference: `${colour} ${colour}` },
]);

/** Share of the words wanted that stand at their places. */
const overlap = perCompletion("overlap", (text, reference: string) => {
  const wanted = reference.split(" ");
  const said = text.split(" ");
  return wanted.filter((word, at) => word === said[at]).length / Math.max(wanted.length, said.length);
});

/** Steps of the run under test. */
export const steps = 150;

const stage = grpoStage<DecoderState, string>({
  name: "say",
  questions,
  steps,
  batchSize: 4,
  sampling: { samples: 4, temperature: 1, maxTokens: 3 },
  reward: weightedSum({ overlap: { reward: overlap, weight: 1 } }),
  advantage: groupRelative(),
  loss: grpo({ reportEntropy: true }),
  optimizer: {
    transform: chain(
      clipByGlobalNorm({ maxNorm: 1 }),
      adamw({ learningRate: cosine({ learningRate: 0.005, totalSteps: steps }) }),
    ),
  },
  keep: { threshold: 1, limit: 4 },
});

/** Trains a tiny decoder from random weights; what came of it, and its state as a checkpoint holds it. */
export const train = async (
  options: Pick<RunStageOptions<DecoderState>, "checkpoint" | "onStep"> = {},
): Promise<{ readonly result: StageResult<DecoderState>; readonly saved: Saved }> => {
  const device = await openDevice({ device: "cpu", threads: 1 });
  const policy = decoderPolicy({ config, tokenizer, device });
  const seed: Key = key(3);
  const state = await toPromise(policy.init(seed));
  const result = await runStage(stage, { policy, state, key: seed, ...options });
  const saved = await toPromise(policy.save(result.state));
  await device.close();
  return { result, saved };
};
