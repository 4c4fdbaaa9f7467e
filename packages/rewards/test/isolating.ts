import type { Reward } from "@msrl/core";
import { afterEach } from "vitest";
import { marksOf } from "../src/compose/marks.js";
import { type Isolated, isolated } from "../src/isolate/isolated.js";
import type { IsolatedOptions } from "../src/isolate/options.js";
import { judged } from "./completions.js";

/** Rewards that do what a completion says. */
export const module = new URL("./misbehaving.mjs", import.meta.url).href;
/** Options of workers that read this repository's source. */
export const source = { execArgv: ["--conditions=msrl-source", `--import=${import.meta.resolve("tsx")}`] };
const open: { close(): void }[] = [];
/** A reward that the test's end closes. */
export const held = <Kind>(reward: Isolated<Kind>): Isolated<Kind> => {
  open.push(reward);
  return reward;
};
/** A reward of {@link module}. */
export const acting = (options: Partial<Omit<IsolatedOptions, "parts">> = {}): Isolated<Reward<unknown>> =>
  held(isolated({ module, execArgv: [], milliseconds: 10_000, ...options }));
/** The marks of texts, or the error of the reward. */
export const marks = async (reward: Reward<never>, ...texts: readonly string[]) => {
  const given = await marksOf("it", reward, texts.map((text) => judged(text, {})) as never)();
  return given._tag === "Right" ? given.right : given.left.message;
};

afterEach(() => {
  for (const reward of open.splice(0)) reward.close();
});
