// npm test: every check, one line a step; the last line counts them. With `-- --interop` also the programs of others.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./packages.mjs";
import { run } from "./run.mjs";

const bin = (path) => join(root, "node_modules", path);
const stepLimit = { timeout: 600_000, killSignal: "SIGKILL" };

/** A step that passes or fails as one. */
const step = (name, parameters) => ({
  name,
  run: async () => {
    const { code, output } = await run("node", parameters, stepLimit);
    return { passed: Number(code === 0), failed: Number(code !== 0), output };
  },
});

/** Programs of others beside ours, as far as Python and the network allow: a check that cannot be run is told, no failure. */
const interop = async () => {
  const parameters = ["--conditions=msrl-source", "--import", "tsx", "test/interop/main.ts", "--brief"];
  const { code, output } = await run("node", parameters, { ...stepLimit, timeout: 1_200_000 });
  const lines = output.split("\n");
  const failed = lines.filter((line) => line.startsWith("FAILED")).length;
  return {
    passed: lines.filter((line) => line.startsWith("ok ")).length,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    output,
    told: lines.filter((line) => line.startsWith("not run")),
  };
};

/** Vitest's own counts; a file that does not load, or an error outside of tests, is a failure too. */
const vitest = async () => {
  const folder = await mkdtemp(join(tmpdir(), "msrl-test-"));
  const report = join(folder, "report.json");
  const parameters = [
    bin("vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  const { code, output } = await run("node", parameters, stepLimit);
  const counts = await readFile(report, "utf8").then(JSON.parse, () => ({}));
  await rm(folder, { recursive: true });
  const { numPassedTests: passed = 0, numFailedTests = 0, testResults = [] } = counts;
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = numFailedTests + unloaded;
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, output };
};

const steps = [
  step("format and lint", [
    bin("@biomejs/biome/bin/biome"),
    "check",
    "--error-on-warnings",
    "--max-diagnostics=200",
    ".",
  ]),
  step("types", [bin("typescript/bin/tsc"), "-p", "tsconfig.json"]),
  step("import arrows", ["scripts/arrows.mjs"]),
  { name: "tests", run: vitest },
  step("packed install", ["scripts/packed.mjs"]),
  ...(process.argv.includes("--interop") ? [{ name: "interop", run: interop }] : []),
];

let passed = 0;
let failed = 0;
for (const { name, run: runStep } of steps) {
  const started = performance.now();
  const result = await runStep();
  passed += result.passed;
  failed += result.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = result.passed + result.failed > 1 ? ` (${result.passed} passed, ${result.failed} failed)` : "";
  console.log(`${result.failed === 0 ? "ok    " : "FAILED"} ${name}${counts}, ${seconds} s`);
  for (const line of result.told ?? []) console.log(`       ${line}`);
  if (result.failed > 0) console.log(result.output.trimEnd());
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
