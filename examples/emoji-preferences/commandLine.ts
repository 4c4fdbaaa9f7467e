import { type ParseArgsConfig, parseArgs } from "node:util";
import { isTagged, tagged } from "@msrl/core";

/** An option that is not known or cannot be: which, what was given, what was wanted. */
export const badOption = (field: string, given: unknown, wanted: string) =>
  tagged("BadOption", `--${field}: ${String(given)} given, ${wanted} wanted; --help tells the options`, { field });

/** A whole number of the command line, at least `least`. */
export const whole = (field: string, given: string, least: number): number => {
  const value = Number(given);
  if (given.trim() === "" || !Number.isSafeInteger(value) || value < least)
    throw badOption(field, given, `a whole number from ${least}`);
  return value;
};

/** Reads options as `parseArgs` does; what it refuses is a `BadOption` of one line. */
export const parse = <Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Options,
) => {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [first] = (error as Error).message.split(/\. |\n/);
    throw tagged("BadOption", `${first?.replace(/\.$/, "")}; --help tells the options`, { field: "options" });
  }
};

/** Runs a program: a tagged error is its message and a failing exit code, anything else a bug with its stack. */
export const program = async (run: () => Promise<void>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (!isTagged(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (error._tag === "Interrupted")
      process.stderr.write("npm start -- --resume goes on from there (with the same options)\n");
    process.exitCode = error._tag === "Interrupted" ? 130 : 1;
  }
};
