import {
  type ConfigurationProblem,
  checkOptions,
  flag,
  optional,
  type Rule,
  type Rules,
  shown,
  text,
  wholeFrom,
} from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { longestSleep, nodeSleep, type Sleep, waitable } from "../compose/time.js";

/** Settings of {@link isolated}. */
export interface IsolatedOptions {
  /**
   * The module of the reward: a package, an absolute path, or a URL. A package is looked up from this library;
   * `import.meta.resolve("name")` gives the URL of one that only you see, or of a file beside yours.
   */
  readonly module: string;
  /** The module's export: the reward, or with `arguments` the function that makes it. */
  readonly export: string;
  /** What the export is called with, if it makes the reward: values that can be cloned. */
  readonly arguments?: readonly unknown[];
  /** What messages call the reward; by default the export, or the module where that is `default`. */
  readonly name?: string;
  /** Names of the parts, for a reward that tells them: what is made tells them too. None where they are not known before. */
  readonly parts?: readonly string[];
  /** Milliseconds for a completion, from its being handed over to its score. */
  readonly milliseconds: number;
  /** Milliseconds for the start of a worker and the import of the module. */
  readonly startMilliseconds: number;
  /** Mebibytes of memory, buffers included, that a worker may take beyond what it had when the module was loaded. */
  readonly memoryMiB: number;
  /** Workers at most: completions judged at a time. */
  readonly workers: number;
  /** Whether the completions of a prompt are judged together, all within the time of one: for a reward that compares them. */
  readonly keepGroups: boolean;
  /** Flags of Node for the workers; by default those of this process, so that they read what it reads. */
  readonly execArgv?: readonly string[];
  /** How time passes; node's timer by default. */
  readonly sleep: Sleep;
}

/** Defaults of {@link isolated}: the default export, one worker, a second a completion, 256 MiB, half a minute to start. */
export const isolatedDefaults = {
  export: "default",
  milliseconds: 1000,
  startMilliseconds: 30_000,
  memoryMiB: 256,
  workers: 1,
  keepGroups: false,
} as const;

const texts: Rule = {
  wanted: "a list of texts",
  fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
};
const waitSome: Rule = {
  wanted: `a number of milliseconds from 1 to ${longestSleep}`,
  fits: (value) => waitable.fits(value) && (value as number) >= 1,
};
const list: Rule = { wanted: "a list", fits: Array.isArray };
const modules: Rule = {
  wanted: "a package, an absolute path or a URL",
  fits: (value) => text.fits(value) && !/^\.{1,2}(?:[\\/]|$)/.test(value as string),
};

const rules: Rules<IsolatedOptions> = {
  module: modules,
  export: text,
  arguments: optional(list),
  name: optional(text),
  parts: optional(texts),
  milliseconds: waitSome,
  startMilliseconds: waitSome,
  memoryMiB: wholeFrom(32), // V8 itself goes up and down by so much,
  workers: wholeFrom(1),
  keepGroups: flag,
  execArgv: optional(texts),
  sleep: callable,
};

/** Arguments travel to the workers. */
const uncloned = ({ arguments: given }: IsolatedOptions): readonly ConfigurationProblem[] => {
  try {
    structuredClone(given);
    return [];
  } catch (thrown) {
    return [{ field: "arguments", given: shown((thrown as Error).message), wanted: "values that can be cloned" }];
  }
};

/** Options over their defaults. */
export const isolatedOptions = (given: Partial<IsolatedOptions>): IsolatedOptions =>
  checkOptions("isolated", rules, { ...isolatedDefaults, sleep: nodeSleep }, given, uncloned);
