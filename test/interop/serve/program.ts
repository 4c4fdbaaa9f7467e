import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const example = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/cmkd-your-data/${name}`, import.meta.url));

/** The preferences that the example brings. */
export const data = example("data/pairs.jsonl");

/** How the program ended: its table by name, or nothing where it was killed. */
export interface Ending {
  readonly table: Readonly<Record<string, string>> | undefined;
}

const rowsOf = (page: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    page
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, 50).trim(), line.slice(50).trim()]),
  );

/** Runs the example as a user does, with further options; throws what it said if it ends with an error. */
export const program = (
  given: Readonly<Record<string, string | number>>,
): { readonly child: ChildProcess; readonly ending: Promise<Ending> } => {
  const options = Object.entries({ data, ...given }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const command = ["--conditions=msrl-source", "--import", "tsx", example("main.ts"), ...options];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  const ending = new Promise<Ending>((resolve, reject) => {
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve({ table: undefined });
      else if (code === 0) resolve({ table: rowsOf(said.stdout) });
      else reject(new Error(`the example ended with ${code ?? signal}: ${said.stdout}${said.stderr}`));
    });
  });
  return { child, ending };
};
