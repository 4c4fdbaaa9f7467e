import { appendFileSync } from "node:fs";
import { key } from "@msrl/core";
import { type CmkdRun, cmkd, labelProbability } from "../src/index.js";
import { hasFormat, readVerdict } from "./candidates.js";
import { scriptedTeacher } from "./scriptedTeacher.js";

const texts = ["<think>x</think> <answer>A</answer>", "<think>y</think> <answer>B</answer>", "<answer>A</answer>", "?"];

/** Samples of the runs that are killed. */
export const killedSamples = Array.from({ length: 6 }, (_, at) => {
  const prompt = { id: `s${at}`, messages: [] };
  return { prompt, asked: prompt, caption: `caption ${at}`, label: at % 2 === 0 ? ("A" as const) : ("B" as const) };
});

/** A run on a file; each call that came to its end is a line of `calls`, and the one of number `dies` kills the process. */
export const runCmkd = (file: string, calls: string, dies = Number.POSITIVE_INFINITY): Promise<CmkdRun> => {
  let count = 0;
  const policy = scriptedTeacher(
    () => texts,
    (verb, ids) => {
      count += 1;
      if (count === dies) process.kill(process.pid, "SIGKILL");
      appendFileSync(calls, `${verb} ${ids.join(" ")}\n`);
    },
  );
  return cmkd({
    teacher: { policy, state: null, checkpoint: "step 80" },
    ...{ candidates: 4, sampling: { temperature: 1, maxTokens: 64 }, hasFormat, readVerdict },
    ...{ select: { confidence: labelProbability() }, key: key(5), file, batchSize: 2 },
  })(killedSamples);
};
