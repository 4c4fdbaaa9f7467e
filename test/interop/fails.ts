import { run } from "../../scripts/run.mjs";

/** What went wrong with a command that has so many seconds, if something did. */
export const fails = async (
  seconds: number,
  command: string,
  ...parameters: readonly string[]
): Promise<string | undefined> => {
  const started = performance.now();
  const { code, output } = await run(command, parameters, { timeout: seconds * 1000 });
  if (code === 0) return undefined;
  const late = performance.now() - started >= seconds * 1000 ? `not done after ${seconds} s, ` : "";
  const said = output.trim().split(/\s*\n\s*/);
  return `${[command, ...parameters].join(" ")}: ${late}${said.slice(-3).join(" ") || `exit ${code}`}`;
};
