import { type Reward, toPromise } from "@msrl/core";
import {
  accuracy,
  bracketVerdict,
  choice,
  dimensionAccuracy,
  exactMatch,
  format,
  gapAndDirection,
  geo3k,
  gsm8k,
  jsonSchema,
  jsonVerdict,
  mathEquivalence,
  numeric,
  official,
  orderFlipConsistency,
  pattern,
  positionConsistency,
  reasoningConsistency,
  repetition,
  scoreVerdict,
  selfConsistency,
  sentenceVerdict,
  taskType,
  thinkFormat,
} from "@msrl/rewards";
import { anyCompletion, hostileCompletion, judgedText } from "@msrl/rewards/testing";
import fc from "fast-check";

/** Everything that a reward of ours may read. */
const reference = {
  label: "A",
  task: "image_understanding",
  answer: "42",
  pair: "p",
  swapped: false,
  dimensions: { truth: { a: 7, b: 3 } },
} as const;

/** Rewards under test; what they read differs, the reference has it all. */
const rewards: Readonly<Record<string, Reward<never>>> = {
  accuracy: accuracy(),
  ...Object.fromEntries(
    [bracketVerdict({ tag: null, tail: 80 }), jsonVerdict(), scoreVerdict(), sentenceVerdict()].map((verdict) => [
      `accuracy by ${verdict.name}`,
      accuracy({ read: verdict.read }),
    ]),
  ),
  format: format({ tags: ["type", "caption", "think", "answer"] }),
  taskType: taskType(),
  thinkFormat: thinkFormat(),
  "official accuracy": official.accuracy,
  "official format": official.format,
  "official task": official.task,
  exactMatch: exactMatch(),
  choice: choice(),
  numeric: numeric(),
  gsm8k: gsm8k(),
  mathEquivalence: mathEquivalence(),
  geo3k: geo3k(),
  jsonSchema: jsonSchema({ schema: { type: "object" } }),
  pattern: pattern({ expression: "(a+)+$" }),
  repetition: repetition({ unit: "words" }),
  selfConsistency: selfConsistency(),
  positionConsistency: positionConsistency(),
  orderFlipConsistency: orderFlipConsistency(),
  reasoningConsistency: reasoningConsistency(),
  dimensionAccuracy: dimensionAccuracy(),
  gapAndDirection: gapAndDirection(),
};

/** What is fuzzed, and how. */
export interface FuzzOptions {
  /** Completions. */
  readonly count: number;
  readonly seed: number;
  /** Milliseconds that a reward may take for a batch of {@link batchSize}. */
  readonly patience: number;
  /** Told of every hundredth part. */
  readonly progress?: (done: number) => void;
}

/** Completions a batch. */
export const batchSize = 250;

/** A completion of up to 1 MB now and then. */
const long = (at: number): string => ["<", "<answer>", "\\boxed{", "A is better ", "[["][at % 5]!.repeat(40_000);

const problemOf = (values: readonly (number | null)[], batch: readonly string[]): string | undefined => {
  if (values.length !== batch.length) return `${values.length} values for ${batch.length} completions`;
  const odd = values.findIndex((value) => value !== null && !(Math.abs(value) <= 1));
  return odd < 0 ? undefined : `the value ${values[odd]} for ${JSON.stringify(batch[odd]!.slice(0, 500))}`;
};

/** Runs every reward over made-up completions; what was wrong, and the slowest batch of each in milliseconds. */
export const fuzzRewards = async ({ count, seed, patience, progress = () => {} }: FuzzOptions) => {
  const problems: string[] = [];
  const slowest = new Map(Object.keys(rewards).map((name) => [name, 0]));
  const tags = { tags: ["type", "caption", "think", "answer"], answers: ["A", "B", "42"] };
  const texts = fc.oneof(hostileCompletion(tags), anyCompletion(tags), hostileCompletion());
  for (let done = 0; done < count && problems.length < 10; done += batchSize) {
    const batch = fc.sample(texts, { numRuns: Math.min(batchSize, count - done), seed: seed + done });
    if ((done / batchSize) % 100 === 7) batch[0] = long(done / batchSize);
    const judged = batch.map((text, at) => judgedText(text, reference, `prompt ${at >> 3}`));
    for (const [name, reward] of Object.entries(rewards)) {
      const start = process.hrtime.bigint();
      const outcome = await toPromise((reward as Reward<unknown>)(judged)).then(
        (values) => problemOf(values, batch),
        (thrown: Error) => `it failed: ${thrown.message}`,
      );
      const took = Number(process.hrtime.bigint() - start) / 1e6;
      slowest.set(name, Math.max(slowest.get(name)!, took));
      if (outcome !== undefined) problems.push(`${name}, seed ${seed + done}: ${outcome}`);
      if (took > patience) problems.push(`${name}, seed ${seed + done}: a batch took ${took.toFixed(0)} ms`);
    }
    progress(Math.min(count, done + batchSize));
  }
  return { problems, slowest };
};
