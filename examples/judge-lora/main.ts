import { parseArgs } from "node:util";
import { isTagged, key, toPromise } from "@msrl/core";
import { decoderPolicy, fromHub, saveAdapter } from "@msrl/core/models";
import { openDevice } from "@msrl/core/session";
import { loadTokenizer } from "@msrl/core/transformers";
import type { Judged } from "./judge.js";
import { readPreferences } from "./preferences.js";
import { questionOf, splitPairs } from "./questions.js";
import { defaultSettings, maxTokens } from "./stages.js";
import { trainJudge } from "./train.js";

const usage = `node --conditions=msrl-source --import tsx examples/judge-lora/main.ts --model FOLDER [--data FILE ...]

  --model FOLDER     a model folder of the Hugging Face Hub (llama, qwen2, qwen3)
  --data FILE        preferences, JSON or JSONL; may be repeated (default: both files of data/)
  --held-out N       pairs kept for judging (default 64)
  --max-tokens N     longest prompt that is used (default 320)
  --sft-steps N, --rl-steps N, --batch N, --samples N
  --recompute        less memory, a third more time
  --threads N, --seed N
  --out FOLDER       writes the adapter as peft reads it`;

const data = (name: string): string => new URL(`data/${name}`, import.meta.url).pathname;

const options = {
  model: { type: "string" },
  data: { type: "string", multiple: true, default: ["natural.json", "adversarial-neighbor.json"].map(data) },
  "held-out": { type: "string", default: "64" },
  "max-tokens": { type: "string", default: "320" },
  "sft-steps": { type: "string", default: `${defaultSettings.sftSteps}` },
  "rl-steps": { type: "string", default: `${defaultSettings.rlSteps}` },
  batch: { type: "string", default: `${defaultSettings.batchSize}` },
  samples: { type: "string", default: `${defaultSettings.samples}` },
  recompute: { type: "boolean", default: false },
  threads: { type: "string" },
  seed: { type: "string", default: "1" },
  out: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** The command line, or an end with what is wrong with it and how it is used. */
const parsed = () => {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
};
const values = parsed();

const lora = { rank: 16, alpha: 32, targets: "all-linear" } as const;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const show = (after: string, { accuracy, error, both, sayA, unreadable, pairs }: Judged): void =>
  console.log(
    `${after}: ${percent(accuracy)} right (standard error ${percent(error)}) of ${pairs} pairs in both orders; ` +
      `${percent(both)} right in both; A in ${percent(sayA)} of the readable; ${percent(unreadable)} unreadable`,
  );

const run = async (folder: string): Promise<void> => {
  const tokenizer = await loadTokenizer(folder);
  const limit = Number(values["max-tokens"]);
  const { config, weights } = await fromHub(folder, { contextLength: limit + maxTokens });
  const device = await openDevice({ ...(values.threads !== undefined && { threads: Number(values.threads) }) });
  const policy = decoderPolicy({ config, base: weights, lora, tokenizer, device, recompute: values.recompute });
  const all = (await Promise.all(values.data.map(readPreferences))).flat();
  const tokens = (pair: (typeof all)[number]): number =>
    tokenizer.encode(tokenizer.chat(questionOf(pair).prompt.messages)).length;
  const pairs = all.filter((pair) => tokens(pair) <= limit);
  const split = splitPairs(pairs, Number(values["held-out"]), key(Number(values.seed)));
  console.log(`${pairs.length} of ${all.length} pairs fit ${limit} tokens: ${split.train.length} to learn from`);
  const { state } = await trainJudge({
    policy,
    split,
    settings: {
      ...defaultSettings,
      sftSteps: Number(values["sft-steps"]),
      rlSteps: Number(values["rl-steps"]),
      batchSize: Number(values.batch),
      samples: Number(values.samples),
    },
    key: key(Number(values.seed)),
    onStep: (stage, { step, metrics }) => {
      const shown = ["loss", "reward/accuracy", "reward/format", "zero_variance", "entropy"]
        .flatMap((name) => (metrics[name] === undefined ? [] : [`${name} ${metrics[name].toFixed(3)}`]))
        .join("  ");
      console.log(`${stage} ${step}  ${shown}`);
    },
    onJudged: show,
  });
  if (values.out !== undefined) {
    const saved = await toPromise(policy.save(state));
    console.log(`adapter: ${await saveAdapter(values.out, { lora, saved, base: folder })}`);
  }
  await device.close();
};

if (values.help) console.log(usage);
else if (values.model === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  await run(values.model).catch((error) => {
    if (!isTagged(error)) throw error; // a bug
    console.error(error.message);
    process.exitCode = 1;
  });
}
