import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";

/** A line to whoever waits: standard error, since a table goes to standard output. */
export const log = (line: string): void => console.error(line);

const runtimeVersion = (): string => {
  const core = createRequire(new URL("../packages/core/package.json", import.meta.url));
  const found = readFileSync(core.resolve("onnxruntime-node/package.json"), "utf8");
  return (JSON.parse(found) as { version: string }).version;
};

/** Machine, versions on both sides (`about` is what a Python peer says of itself), the best matrix product in GFLOP/s. */
export const machineOf = (threads: number, peak: number, about: Readonly<Record<string, unknown>>): string => {
  const versions = Object.entries(about).filter(([name]) => name !== "threads");
  const python = versions.map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${threads} threads used`,
    `Node ${process.versions.node}, ONNX Runtime ${runtimeVersion()}, ${python || "no peer (MSRL_PYTHON)"}`,
    `largest matrix product measured: ${peak.toFixed(0)} GFLOP/s`,
  ].join("\n");
};

/** Prints what was found and writes it to a file under `runs/`. */
export const report = (file: string, parts: readonly string[]): void => {
  const text = `${parts.join("\n\n")}\n`;
  console.log(text);
  mkdirSync("runs", { recursive: true });
  writeFileSync(`runs/${file}`, text);
};
