import { fold, integer, type Key, key, media, type Prompt, text, toPromise } from "@msrl/core";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { type DecoderState, decoderPolicy } from "@msrl/core/models";
import { adamw, chain, clipByGlobalNorm, type Optimizer } from "@msrl/core/optim";
import type { TrainingBatch } from "@msrl/core/policy";
import type { Device } from "@msrl/core/session";
import { numberTokenizer, type Sizes, type Subject } from "./subjects.js";

/** A piece of work, done once whenever it is called. */
export type Work = () => Promise<void>;

/** The works that are measured, by name. */
export const workNames = ["rollout", "step", "update"] as const;

/** One of {@link workNames}. */
export type WorkName = (typeof workNames)[number];

/** The sizes at which a subject does a work. */
export const sizesOf = (subject: Subject, work: WorkName): Sizes => subject[work];

const seed = key(1);

const wordIds = (from: Key, count: number, below: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => integer(fold(from, at), below));

const picture = (from: Key) =>
  media({
    kind: "image",
    frames: [{ width: 32, height: 32, data: Uint8Array.from(wordIds(from, 32 * 32 * 3, 256)) }],
  });

/** Prompts of so many tokens; in a multimodal subject four of them stand for each image. */
const promptsOf = ({ config, images }: Subject, { prompts, prompt }: Sizes): readonly Prompt[] =>
  Array.from({ length: prompts }, (_, at) => {
    const own = fold(seed, at);
    const pictured = prompt > 4 * images ? images : 0;
    const words = wordIds(own, prompt - 4 * pictured, config.vocabularySize - 1).join(" ");
    const pictures = Array.from({ length: pictured }, (__, image) => picture(fold(own, `image ${image}`)));
    return { id: `${at}`, messages: [{ role: "user", content: [...pictures, text(words)] }] };
  });

const batchOf = (subject: Subject, sizes: Sizes, advantage: (sample: number) => number): TrainingBatch =>
  promptsOf(subject, sizes).map((prompt, at) => ({
    prompt,
    completions: Array.from({ length: sizes.samples }, (_, sample) => ({
      tokenIds: wordIds(fold(fold(seed, 1000 + at), sample), sizes.completion, subject.config.vocabularySize),
      advantage: advantage(sample),
    })),
  }));

const optimizer: Optimizer = {
  transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-4, weightDecay: 0.01 })),
};

/** A fresh policy of a subject on a device, and its works: a rollout, a step of plain training, a GRPO update. */
export const worksOn = async (subject: Subject, device: Device): Promise<Readonly<Record<WorkName, Work>>> => {
  const tokenizer = numberTokenizer(subject.config.vocabularySize);
  const policy = decoderPolicy({ config: subject.config, tokenizer, device });
  const first: DecoderState = await toPromise(policy.init(seed));
  const rolloutPrompts = promptsOf(subject, subject.rollout);
  const sampling = { samples: subject.rollout.samples, temperature: 1, maxTokens: subject.rollout.completion };
  let draws = 0;
  const trained = (batch: TrainingBatch, loss: ReturnType<typeof grpo>): Work => {
    let state = first;
    return async () => {
      ({ state } = await toPromise(policy.update(state, batch, loss, optimizer)));
    };
  };
  return {
    rollout: async () => {
      await toPromise(policy.sample(first, rolloutPrompts, sampling, fold(seed, draws++)));
    },
    step: trained(
      batchOf(subject, subject.step, () => 1),
      crossEntropy(),
    ),
    update: trained(
      batchOf(subject, subject.update, (sample) => (sample % 2) * 2 - 1),
      grpo(),
    ),
  };
};
