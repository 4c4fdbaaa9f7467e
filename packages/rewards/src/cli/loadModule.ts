import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { isTagged, type Tagged, tagged } from "@msrl/core";
import { shown } from "@msrl/core/configuration";
import { perCompletionTask } from "../compose/perCompletionTask.js";
import { weightedSum } from "../compose/weightedSum.js";
import type { ServeOptions } from "../serve/options.js";
import { isObject } from "../serve/read.js";
import type { ServedReward } from "../serve/served.js";
import { importFile, NotReadable } from "./importFile.js";

/** A file of rewards that cannot be used, and what to do about it. */
export type ModuleError = Tagged<"ModuleError", { readonly file: string }>;

/** What a file of rewards says: the reward, and how labels become references. */
export type RewardModule = Pick<ServeOptions, "reward"> & Partial<Pick<ServeOptions, "reference" | "parts">>;

const moduleError = (file: string, message: string): ModuleError =>
  tagged("ModuleError", `${file}: ${message}`, { file });

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

/** What a module exports: of CommonJS, TypeScript that became it too, what Node shows as the default. */
const exportsOf = (found: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { default: given, score } = found;
  if (!isObject(given)) return found;
  const isModule = given.__esModule === true || (score !== undefined && given.score === score);
  return isModule ? given : found;
};

/** The reward of weighted parts; what is wrong with them is said of the file. */
const weighted = (file: string, parts: Readonly<Record<string, unknown>>): RewardModule => {
  try {
    return { reward: weightedSum(parts as never) as ServedReward<never>, parts: Object.keys(parts) };
  } catch (thrown) {
    throw isTagged(thrown) ? moduleError(file, `its default export: ${thrown.message}`) : thrown;
  }
};

/** The reward of a module's exports. */
const rewardOf = (file: string, found: Readonly<Record<string, unknown>>): RewardModule => {
  const { default: given, score } = found;
  if (typeof given === "function") return { reward: given as ServedReward<never> };
  if (isObject(given)) {
    const all = Object.values(given);
    if (all.length > 0 && all.every((each) => typeof each === "function"))
      return { reward: given as Readonly<Record<string, ServedReward<never>>> };
    return weighted(file, given);
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

/** An export that is of the kind wanted, or absent. */
const optionalExport = (file: string, name: string, value: unknown, fits: boolean, wanted: string): void => {
  if (value !== undefined && !fits) throw moduleError(file, `its export ${name} is ${shown(value)}, wanted ${wanted}`);
};

/** Loads a file of rewards. */
export const loadModule = async (file: string, folder: string): Promise<RewardModule> => {
  const path = isAbsolute(file) ? file : join(folder, file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) throw moduleError(file, found ? "it is no file" : "there is no such file");
  let module: Readonly<Record<string, unknown>>;
  try {
    module = exportsOf(await importFile(path));
  } catch (thrown) {
    throw moduleError(file, thrown instanceof NotReadable ? thrown.message : `it cannot be loaded: ${String(thrown)}`);
  }
  const { reference, parts } = module;
  const [isFunction, isNames] = [typeof reference === "function", isTexts(parts)];
  optionalExport(file, "reference", reference, isFunction, "a function of what a client gives");
  optionalExport(file, "parts", parts, isNames, "a list of names");
  return {
    ...rewardOf(file, module),
    ...(isFunction && { reference: reference as (given: unknown) => unknown }),
    ...(isNames && { parts: parts as readonly string[] }),
  };
};
