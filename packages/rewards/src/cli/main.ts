import { isTagged } from "@msrl/core";
import type { Shell } from "./command.js";
import { commands, usage } from "./commands.js";

/** Runs the command that the arguments name; the exit code. */
export const main = async (shell: Shell): Promise<number> => {
  const [name = "help", ...rest] = shell.arguments;
  const command = commands[name];
  if (command === undefined) {
    const asked = ["help", "--help", "-h"].includes(name);
    if (asked) shell.out(usage);
    else shell.error(`msrl: there is no command ${JSON.stringify(name)}\n\n${usage}`);
    return asked ? 0 : 2;
  }
  try {
    return await command.run({ ...shell, arguments: rest });
  } catch (thrown) {
    const code = (thrown as { readonly code?: unknown } | null)?.code;
    const misused = typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
    const known = isTagged(thrown) || misused;
    shell.error(`msrl ${name}: ${known ? (thrown as Error).message : ((thrown as Error)?.stack ?? thrown)}\n`);
    return misused ? 2 : 1;
  }
};
