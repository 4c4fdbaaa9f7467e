import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { weightedSum } from "../compose/weightedSum.js";
import { when } from "../compose/when.js";
import type { ServeOptions } from "../serve/options.js";
import { serveRewards } from "../serve/serveRewards.js";
import { type ShimName, shim } from "../serve/shims.js";
import { accuracy } from "../verifiable/accuracy.js";
import { format } from "../verifiable/format.js";
import { msrlWeights } from "../verifiable/msrlWeights.js";
import { taskType } from "../verifiable/taskType.js";
import type { Command, Shell } from "./command.js";
import { isolateFile } from "./fileReward.js";
import { loadModule, type RewardModule } from "./loadModule.js";
import { flagProblems, type ServeFlags, serveFlags, serveHelp } from "./serveFlags.js";

/** MSRL's reward as it is where nobody gives another: the task type counts where a reference names one. */
const msrlReward = (): RewardModule => ({
  parts: ["accuracy", "format", "task"],
  reward: weightedSum({
    accuracy: { reward: accuracy(), weight: msrlWeights.accuracy },
    format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
    task: {
      reward: when(({ reference }) => typeof (reference as { task?: unknown }).task === "string", taskType()),
      weight: msrlWeights.task,
    },
  }),
});

/** The token of the flags or the environment; an empty one is none. */
const tokenOf = ({ token }: ServeFlags, { environment }: Shell): string | undefined =>
  (token ?? environment.MSRL_TOKEN) || undefined;

const given = (values: ServeFlags, shell: Shell): Partial<ServeOptions> => {
  const token = tokenOf(values, shell);
  return {
    now: shell.now,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(token !== undefined && { token }),
    ...(values.sandbox !== undefined && { sandbox: values.sandbox }),
    ...(values.timeout !== undefined && { timeout: 1000 * Number(values.timeout) }),
    ...(values.concurrency !== undefined && { concurrency: Number(values.concurrency) }),
    ...(values.after !== undefined && { completionAfter: values.after.replaceAll("\\n", "\n") }),
  };
};

/** What is served: MSRL's reward, or a file's, in processes of its own if asked for. */
const rewardsOf = async (
  file: string | undefined,
  { isolate, workers }: ServeFlags,
  { folder }: Shell,
): Promise<{ readonly rewards: RewardModule; close(): void }> => {
  const rewards = file === undefined ? msrlReward() : await loadModule(file, folder);
  if (file === undefined || isolate === undefined) return { rewards, close: () => undefined };
  const limits = { milliseconds: Number(isolate), ...(workers !== undefined && { workers: Number(workers) }) };
  return isolateFile(rewards, resolve(folder, file), limits);
};

const run = async (shell: Shell): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...shell.arguments],
    options: serveFlags,
    allowPositionals: true,
  });
  if (values.help) {
    shell.out(serveHelp);
    return 0;
  }
  const problems = flagProblems(values, positionals, tokenOf(values, shell));
  if (problems.length > 0) {
    shell.error(problems.map((problem) => `msrl serve: ${problem}\n`).join(""));
    return 2;
  }
  const [file] = positionals;
  if (values.shim !== undefined) {
    shell.out(shim(values.shim as ShimName));
    return 0;
  }
  const { rewards, close } = await rewardsOf(file, values, shell);
  const server = await serveRewards({ ...rewards, ...given(values, shell) });
  shell.out(
    `${file ?? "MSRL's reward"} at ${server.url} (what it answers: ${server.url}/openapi.json); Ctrl-C ends it\n`,
  );
  await shell.interrupted;
  shell.error("answering what was taken, then closing; Ctrl-C again ends at once\n");
  await server.close();
  close();
  return 0;
};

/** `msrl serve`. */
export const serve: Command = { about: "rewards over HTTP, for trainers in any language", run };
