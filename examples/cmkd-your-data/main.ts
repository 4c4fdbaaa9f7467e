import { parseArgs } from "node:util";
import { isTagged, key, type PreferenceSample } from "@msrl/core";
import { openaiChat } from "@msrl/core/openai";
import { readSamples } from "@msrl/stages";
import { makeSet } from "./makeSet.js";
import { yieldPage } from "./yieldPage.js";

const usage = `node --conditions=msrl-source --import tsx examples/cmkd-your-data/main.ts --data FILE --url URL --model NAME --out FOLDER

  --data FILE            image and video preferences, JSONL (form: packages/stages/README.md)
  --url URL              an OpenAI-compatible server, f.e. http://127.0.0.1:8000/v1; its key in OPENAI_API_KEY
  --model NAME           the teacher, which reads captions
  --captioner NAME       describes the pictures (default: the teacher)
  --captioner-url URL    its server (default: the same)
  --out FOLDER           sft.jsonl, images/, traces.jsonl and captions/ go there; started again it goes on
  --candidates N         traces a sample, an even number (default 8)
  --frames N             frames of a video (default 8)
  --max-tokens N         of a caption and of a trace (default 512)
  --concurrency N        requests at once (default 16)
  --seed N`;

const options = {
  data: { type: "string" },
  url: { type: "string" },
  model: { type: "string" },
  captioner: { type: "string" },
  "captioner-url": { type: "string" },
  out: { type: "string" },
  candidates: { type: "string", default: "8" },
  frames: { type: "string", default: "8" },
  "max-tokens": { type: "string", default: "512" },
  concurrency: { type: "string", default: "16" },
  seed: { type: "string", default: "1" },
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

const hasMedia = ({ context, responses }: PreferenceSample): boolean =>
  context.length > 0 || responses.some((response) => typeof response !== "string");

/** Says how far it is, ten times in all. */
const progress = (what: string, done: number, of: number): void => {
  if (done === of || done % Math.ceil(of / 10) === 0) process.stderr.write(`${what}: ${done} of ${of}\n`);
};

const run = async (data: string, url: string, model: string, folder: string): Promise<void> => {
  const { samples, problems } = await readSamples(data);
  for (const { message } of problems) process.stderr.write(`${message}\n`);
  const apiKey = process.env.OPENAI_API_KEY;
  const shared = { concurrency: Number(values.concurrency), ...(apiKey !== undefined && { apiKey }) };
  const made = await makeSet({
    samples: samples.filter(hasMedia),
    teacher: openaiChat({ url, model, ...shared }),
    captioner: openaiChat({ url: values["captioner-url"] ?? url, model: values.captioner ?? model, ...shared }),
    folder,
    candidates: Number(values.candidates),
    frames: Number(values.frames),
    maxTokens: Number(values["max-tokens"]),
    concurrency: Number(values.concurrency),
    key: key(Number(values.seed)),
    onProgress: progress,
  });
  for (const { id, message } of made.run.failed) process.stderr.write(`no traces of ${id}: ${message}\n`);
  console.log(yieldPage(made));
};

const { data, url, model, out } = values;
if (values.help) console.log(usage);
else if (data === undefined || url === undefined || model === undefined || out === undefined) {
  console.error(usage);
  process.exitCode = 1;
} else
  await run(data, url, model, out).catch((error) => {
    if (!isTagged(error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });
