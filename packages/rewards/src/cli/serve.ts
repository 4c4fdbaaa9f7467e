import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { weightedSum } from "../compose/weightedSum.js";
import { when } from "../compose/when.js";
import { isolatedDefaults } from "../isolate/options.js";
import { type ServeOptions, serveDefaults } from "../serve/options.js";
import { serveRewards } from "../serve/serveRewards.js";
import { type ShimName, shim } from "../serve/shims.js";
import { accuracy } from "../verifiable/accuracy.js";
import { format } from "../verifiable/format.js";
import { msrlWeights } from "../verifiable/msrlWeights.js";
import { taskType } from "../verifiable/taskType.js";
import type { Command } from "./commands.js";
import { isolateFile } from "./fileReward.js";
import { loadModule, type RewardModule } from "./loadModule.js";
import type { Shell } from "./main.js";

const help = `msrl serve [FILE] [options]: rewards over HTTP, for trainers in any language

FILE exports the reward: a default export (a reward, rewards by name, or weighted parts { name: { reward, weight } }),
or a function score(text, reference) => number or null. JavaScript, or TypeScript where Node or tsx reads it.
Without a FILE: MSRL's reward (accuracy by \`label\`, <think> and <answer>, task type by \`task\`).

  --host HOST          where to listen (${serveDefaults.host}; another needs a token)
  --port PORT          (${serveDefaults.port}; 0: a free one)
  --token TOKEN        what clients have to show; better in MSRL_TOKEN, which others on this machine do not see
  --sandbox URL        a SandboxFusion-compatible server for /run_code
  --timeout SECONDS    for one request (${serveDefaults.timeout / 1000})
  --concurrency N      requests scored at a time (${serveDefaults.concurrency})
  --isolate MS         computes FILE's reward in a process that is killed where a completion takes longer
  --workers N          such processes (${isolatedDefaults.workers})
  --after TEXT         where a completion begins in OpenRLHF's queries if the prompt is not found in them
  --shim trl|verl|swift   prints the Python file by which that trainer asks this server; OpenRLHF needs none
`;

const flags = {
  host: { type: "string" },
  port: { type: "string" },
  token: { type: "string" },
  sandbox: { type: "string" },
  timeout: { type: "string" },
  concurrency: { type: "string" },
  isolate: { type: "string" },
  workers: { type: "string" },
  after: { type: "string" },
  shim: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

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

type Values = ReturnType<typeof parseArgs<{ options: typeof flags }>>["values"];

const given = (values: Values, { environment, now }: Shell): Partial<ServeOptions> => {
  const token = values.token ?? environment.MSRL_TOKEN;
  return {
    now,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(token !== undefined && token !== "" && { token }),
    ...(values.sandbox !== undefined && { sandbox: values.sandbox }),
    ...(values.timeout !== undefined && { timeout: 1000 * Number(values.timeout) }),
    ...(values.concurrency !== undefined && { concurrency: Number(values.concurrency) }),
    ...(values.after !== undefined && { completionAfter: values.after.replaceAll("\\n", "\n") }),
  };
};

/** What is served: MSRL's reward, or a file's, in processes of its own if asked for. */
const rewardsOf = async (
  file: string | undefined,
  { isolate, workers }: Values,
  { folder }: Shell,
): Promise<{ readonly rewards: RewardModule; close(): void }> => {
  const rewards = file === undefined ? msrlReward() : await loadModule(file, folder);
  if (file === undefined || isolate === undefined) return { rewards, close: () => undefined };
  const limits = { milliseconds: Number(isolate), ...(workers !== undefined && { workers: Number(workers) }) };
  return isolateFile(rewards, resolve(folder, file), limits);
};

const run = async (shell: Shell): Promise<number> => {
  const { values, positionals } = parseArgs({ args: [...shell.arguments], options: flags, allowPositionals: true });
  const [file, ...more] = positionals;
  if (values.help || more.length > 0) {
    (values.help ? shell.out : shell.error)(values.help ? help : `msrl serve: one FILE, not ${positionals.length}\n`);
    return values.help ? 0 : 2;
  }
  if (file === undefined && values.isolate !== undefined) {
    shell.error("msrl serve: --isolate needs a FILE\n");
    return 2;
  }
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
