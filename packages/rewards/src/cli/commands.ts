import type { Command } from "./command.js";
import { serve } from "./serve.js";

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
