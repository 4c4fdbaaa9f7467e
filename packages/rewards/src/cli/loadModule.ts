import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Tagged, tagged } from "@msrl/core";
import { perCompletionTask } from "../compose/perCompletionTask.js";
import { weightedSum } from "../compose/weightedSum.js";
import type { ServeOptions } from "../serve/options.js";
import { isObject } from "../serve/read.js";
import type { ServedReward } from "../serve/served.js";

/** A file of rewards that cannot be used, and what to do about it. */
export type ModuleError = Tagged<"ModuleError", { readonly file: string }>;

/** What a file of rewards says: the reward, and how labels become references. */
export type RewardModule = Pick<ServeOptions, "reward"> & Partial<Pick<ServeOptions, "reference" | "parts">>;

const moduleError = (file: string, message: string): ModuleError =>
  tagged("ModuleError", `${file}: ${message}`, { file });

const noTypeScript = [
  "this Node does not read TypeScript. Install tsx beside the file (npm install --save-dev tsx), which is then used,",
  "or use Node 22.18 or later, or give a file of JavaScript",
].join(" ");

const codeOf = (thrown: unknown): unknown => (isObject(thrown) ? thrown.code : (thrown as { code?: unknown })?.code);

/** Imports a file; TypeScript by Node itself where it can, else by the `tsx` that is installed beside the file. */
const imported = async (path: string, file: string): Promise<Readonly<Record<string, unknown>>> => {
  const url = pathToFileURL(path).href;
  try {
    return await import(url);
  } catch (thrown) {
    if (codeOf(thrown) !== "ERR_UNKNOWN_FILE_EXTENSION") throw thrown;
  }
  let tsx: string;
  try {
    tsx = createRequire(path).resolve("tsx/esm/api");
  } catch {
    throw moduleError(file, noTypeScript);
  }
  const { register } = await import(pathToFileURL(tsx).href);
  register();
  return import(`${url}?tsx`);
};

/** The reward of a module's exports. */
const rewardOf = (file: string, found: Readonly<Record<string, unknown>>): RewardModule => {
  const { default: given, score } = found;
  if (typeof given === "function") return { reward: given as ServedReward<never> };
  if (isObject(given)) {
    const all = Object.values(given);
    if (all.length > 0 && all.every((each) => typeof each === "function"))
      return { reward: given as Readonly<Record<string, ServedReward<never>>> };
    return { reward: weightedSum(given as never) as ServedReward<never>, parts: Object.keys(given) };
  }
  if (typeof score === "function")
    return {
      reward: perCompletionTask<never>("score", async ({ completion, reference }) =>
        score(completion.text, reference, completion),
      ),
    };
  const wanted =
    "export default a reward, rewards by name or weighted parts, or export const score = (text, reference) => number";
  throw moduleError(file, `it exports no reward: ${wanted}`);
};

/** Loads a file of rewards. */
export const loadModule = async (file: string, folder: string): Promise<RewardModule> => {
  const path = isAbsolute(file) ? file : join(folder, file);
  if (!existsSync(path)) throw moduleError(file, "there is no such file");
  let found: Readonly<Record<string, unknown>>;
  try {
    found = await imported(path, file);
  } catch (thrown) {
    if ((thrown as Error)?.name === "ModuleError") throw thrown;
    throw moduleError(file, `it cannot be loaded: ${String(thrown)}`);
  }
  const { reference, parts } = found;
  return {
    ...rewardOf(file, found),
    ...(typeof reference === "function" && { reference: reference as (given: unknown) => unknown }),
    ...(Array.isArray(parts) && { parts: parts as readonly string[] }),
  };
};
