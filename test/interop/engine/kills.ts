import { rmSync } from "node:fs";
import { join } from "node:path";
import { isTagged } from "@msrl/core";
import { root } from "../../../scripts/packages.mjs";
import { run } from "../../../scripts/run.mjs";
import { killedStage } from "./killedStage.js";
import type { EngineOptions } from "./policies.js";
import type { EngineServer } from "./server.js";

const program = join(import.meta.dirname, "killedChild.ts");

const child = async ({ url, baseModel }: EngineOptions, folder: string, at: number, when: string) => {
  const parameters = [
    "--conditions=msrl-source",
    "--import",
    "tsx",
    program,
    JSON.stringify({ url, baseModel }),
    folder,
  ];
  return run("node", [...parameters, String(at), when], { cwd: root });
};

interface Outcome {
  readonly step: number;
  readonly updates: number;
  readonly logProbs: readonly (readonly number[])[];
  readonly rewards: readonly number[];
}

const outcomeOf = (output: string): Outcome => JSON.parse(output.split("\n").find((line) => line.startsWith("{"))!);

/** Whether two runs ended as one: the same steps and rewards, log-probs to the noise of a batch put together otherwise. */
const same = (a: Outcome, b: Outcome): number => {
  if (a.step !== b.step || a.updates !== b.updates)
    throw new Error(`steps: ${a.step}, ${a.updates}; ${b.step}, ${b.updates}`);
  if (JSON.stringify(a.rewards) !== JSON.stringify(b.rewards)) throw new Error(`rewards: ${a.rewards}; ${b.rewards}`);
  const apart = Math.max(
    ...a.logProbs.flatMap((row, at) => row.map((value, token) => Math.abs(value - b.logProbs[at]![token]!))),
  );
  if (!(apart < 1e-4)) throw new Error(`log-probs apart by ${apart}`);
  return apart;
};

/** A run that was not killed, to compare with; and how many calls it makes. */
const straight = async (
  options: EngineOptions,
  folder: string,
): Promise<{ readonly whole: Outcome; readonly calls: number }> => {
  const at = join(folder, "straight");
  rmSync(at, { recursive: true, force: true });
  const { output } = await child(options, at, 0, "before");
  const calls = Number(/calls (\d+)/.exec(output)?.[1]);
  if (Number.isNaN(calls)) throw new Error(output);
  return { whole: outcomeOf(output), calls };
};

/** Kills clients at calls of all kinds, before they are sent and after they were done, and resumes until the stage is done. */
export const clientKills = async (options: EngineOptions, folder: string, kills: number): Promise<string> => {
  const { whole, calls } = await straight(options, folder);
  const at = join(folder, "killed");
  rmSync(at, { recursive: true, force: true });
  let done = 0;
  for (let kill = 0; ; kill++) {
    // later and later calls of a run, so that each kind of call is met and each run gets further
    const call = kill < kills ? 3 + Math.floor((kill * calls) / (1.5 * kills)) : 0;
    const { code, output } = await child(options, at, call, kill % 2 === 0 ? "before" : "after");
    if (code === 0) {
      const apart = same(outcomeOf(output), whole);
      return `client killed at ${done} of ${calls} calls and resumed: every step once, log-probs apart by ${apart.toExponential(1)}`;
    }
    if (!output.includes("SIGKILL")) throw new Error(output);
    done++;
  }
};

/** Kills the server in the middle of a stage: the client's error, and the stage resumed when the server is back. */
export const serverKill = async (
  options: EngineOptions,
  server: EngineServer,
  folder: string,
): Promise<readonly string[]> => {
  const { whole } = await straight(options, folder);
  const at = join(folder, "resumed");
  rmSync(at, { recursive: true, force: true });
  let passes = 0;
  const killing: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init);
    if (String(url).endsWith("/optim_step") && ++passes === 3) await server.kill();
    return answer;
  };
  const failed = await killedStage({ ...options, fetch: killing, attempts: 4 }, at).catch((error) => error);
  if (passes < 3) throw new Error(`it failed before the server was killed: ${failed}`);
  if (!isTagged(failed) || failed._tag !== "PolicyFailed")
    throw new Error(`an error of the policy expected, not ${failed}`);
  await server.restart();
  const apart = same(JSON.parse(await killedStage(options, at)), whole);
  return [
    `server killed at the third step: ${failed.message.split("\n")[0]}`,
    `resumed when it was back: log-probs apart by ${apart.toExponential(1)}`,
  ];
};
