import type { Shell } from "./main.js";
import { serve } from "./serve.js";

/** A command: a line about it, and what it does; its exit code. */
export interface Command {
  readonly about: string;
  run(shell: Shell): Promise<number>;
}

/** The commands by name. */
export const commands: Readonly<Record<string, Command>> = { serve };

/** What there is. */
export const usage = [
  "msrl COMMAND ...",
  "",
  ...Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`),
  "",
  "msrl COMMAND --help tells more.",
  "",
].join("\n");
