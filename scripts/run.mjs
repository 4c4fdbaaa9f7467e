import { spawn } from "node:child_process";
import { root } from "./packages.mjs";

/**
 * Runs a command to its end without a shell; resolves with exit code and everything it printed.
 *
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export const run = (command, parameters, options = {}) =>
  new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(command, parameters, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ code: 1, output: `${output}${command}: ${error.message}\n` }));
    child.on("close", (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}${command} was ended by ${signal}\n` : output }),
    );
  });

/** Runs a command and throws what it printed if it fails. */
export const must = async (command, parameters, options) => {
  const { code, output } = await run(command, parameters, options);
  if (code !== 0) throw new Error(`${[command, ...parameters].join(" ")} failed (exit ${code})\n${output}`);
  return output;
};
