import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { openProgram } from "../peer.js";
import { log, report } from "../report.js";
import { benchFunctions } from "./functions.js";
import { benchServers } from "./servers.js";

/** What the rewards are timed with. */
export interface RewardBench {
  readonly rounds: number;
  /** A Python with fastapi and uvicorn. */
  readonly python?: string;
}

/** Times MSRL's reward beside the functions of the official plugin, and the server beside one of FastAPI. */
export const benchRewards = async ({ rounds, python }: RewardBench): Promise<void> => {
  const script = fileURLToPath(new URL("../peers/rewards.py", import.meta.url));
  const peer = python === undefined ? undefined : openProgram(python, [script], 1);
  const functions = await benchFunctions(rounds, peer);
  peer?.close();
  const servers = await benchServers(rounds, python, log);
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`;
  report("rewards.md", [machine, functions, servers]);
};
