import { isTagged } from "@msrl/core";
import { commands, usage } from "./commands.js";

/** What a command is given of the process it runs in. */
export interface Shell {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  out(text: string): void;
  error(text: string): void;
  /** Resolves when somebody wants the command to end. */
  readonly interrupted: Promise<unknown>;
}

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
    const code = (thrown as { readonly code?: unknown }).code;
    const known = isTagged(thrown) || (typeof code === "string" && code.startsWith("ERR_PARSE_ARGS"));
    shell.error(`msrl ${name}: ${known ? (thrown as Error).message : ((thrown as Error)?.stack ?? thrown)}\n`);
    return 1;
  }
};
