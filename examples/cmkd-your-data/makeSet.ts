import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fold, type Key, type Media, type PreferenceSample, type Response, sampleFrames } from "@msrl/core";
import { type ChatModel, keptReplies, openaiPolicy, type TokenCount } from "@msrl/core/openai";
import {
  type CaptionTransfer,
  type CmkdRun,
  cachedCaptions,
  captionFolder,
  captionTransfer,
  cmkd,
  fromChat,
  swapSample,
} from "@msrl/distill";
import { hasFormat, verdict } from "@msrl/rewards";
import { captionOf, studentPrompt, teacherPrompt } from "./prompts.js";
import { writeSft } from "./sftRows.js";
import { sureness } from "./sureness.js";

/** What a set is made from. */
export interface SetOptions {
  readonly samples: readonly PreferenceSample[];
  /** Describes pictures. */
  readonly captioner: ChatModel;
  /** Judges descriptions. */
  readonly teacher: ChatModel;
  readonly folder: string;
  /** Traces a sample; an even number, for half of them see A and B exchanged. */
  readonly candidates: number;
  readonly frames: number;
  readonly maxTokens: number;
  /** Pictures and samples under way at once at most; the chat models may allow fewer requests. */
  readonly concurrency?: number;
  readonly key: Key;
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

/** What came of it. */
export interface MadeSet {
  readonly transfer: CaptionTransfer;
  readonly run: CmkdRun;
  readonly teacherTokens: TokenCount;
}

/** The sample with no more frames of a video than wanted: what the captioner and the student see. */
const shortened = (sample: PreferenceSample, count: number): PreferenceSample => {
  const choose = sampleFrames({ count });
  const short = (item: Media): Media => ({ ...item, frames: choose(item.frames) });
  const answer = (response: Response): Response => (typeof response === "string" ? response : short(response));
  const [a, b] = sample.responses;
  return { ...sample, context: sample.context.map(short), responses: [answer(a), answer(b)] };
};

/**
 * Image and video preferences without labels -> captions -> the teacher's traces -> votes -> `sft.jsonl`.
 *
 * Captions lie in `captions/`, traces in `traces.jsonl` and, until all are there, replies in `replies.jsonl`: started again
 * after a kill, it asks for nothing twice.
 */
export const makeSet = async (options: SetOptions): Promise<MadeSet> => {
  const { folder, key, onProgress, concurrency = 16 } = options;
  const samples = options.samples.map((sample) => shortened(sample, options.frames));
  const captioner = cachedCaptions(captionFolder(join(folder, "captions")))(
    fromChat({ chat: options.captioner, maxTokens: options.maxTokens, frames: { count: options.frames } }),
  );
  const transfer = await captionTransfer(captioner, {
    key: fold(key, "captions"),
    onFlaw: "retry",
    concurrency,
    onProgress: ({ done, media }) => onProgress?.("captions", done, media),
  })(samples);
  const replies = join(folder, "replies.jsonl");
  const policy = openaiPolicy({ chat: keptReplies({ chat: options.teacher, file: replies }) });
  const readVerdict = verdict();
  const run = await cmkd({
    teacher: { policy, state: null, checkpoint: options.teacher.name },
    candidates: options.candidates,
    positions: "both",
    sampling: { temperature: 1, maxTokens: options.maxTokens },
    hasFormat: hasFormat({ tags: ["type", "think", "answer"] }),
    readVerdict,
    select: { confidence: sureness(readVerdict) },
    key: fold(key, "traces"),
    file: join(folder, "traces.jsonl"),
    concurrency,
    onFailure: "skip",
    onSample: (_, done, of) => onProgress?.("traces", done, of),
  })(
    transfer.samples.map(({ captioned }) => ({
      prompt: studentPrompt(captioned),
      asked: teacherPrompt(captioned),
      swapped: teacherPrompt(swapSample(captioned)),
      caption: captionOf(captioned),
      ...(captioned.label !== undefined && { label: captioned.label }),
    })),
  );
  await writeSft(join(folder, "sft.jsonl"), run.examples);
  if (run.failed.length === 0) await rm(replies, { force: true }); // all of them are in traces.jsonl
  return { transfer, run, teacherTokens: policy.tokens() };
};
