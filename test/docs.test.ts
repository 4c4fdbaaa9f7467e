import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../scripts/run.mjs";
import { type Block, exampleBlocks, markdownBlocks, moduleOf } from "./docs/blocks.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, ".msrl-docs", `${process.pid}`); // in the repository, so that packages resolve; git ignores it

const filesUnder = (path: string, ending: RegExp): readonly string[] =>
  existsSync(join(root, path))
    ? readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
        .filter((name) => ending.test(name))
        .map((name) => join(path, name))
        .sort()
    : [];

const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name));
const pages = ["README.md", "CONTRIBUTING.md", ...packages.map((path) => join(path, "README.md"))]
  .filter((path) => existsSync(join(root, path)))
  .concat(filesUnder("docs", /\.md$/), filesUnder("examples", /^(?!.*node_modules).*\.md$/));
const sources = packages.flatMap((path) => filesUnder(join(path, "src"), /(?<!\.test|\.d)\.ts$/));
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

const blocks: readonly Block[] = [
  ...pages.flatMap((path) => markdownBlocks(path, textOf(path))),
  ...sources.flatMap((path) => exampleBlocks(path, textOf(path))),
];

const moduleFile = ({ file, line }: Block): string => join(folder, "blocks", `${file}.L${line}.ts`);

const writeAll = (): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "work"), { recursive: true });
  for (const block of blocks) {
    mkdirSync(dirname(moduleFile(block)), { recursive: true });
    writeFileSync(moduleFile(block), moduleOf(block));
  }
  const compilerOptions = { noUncheckedIndexedAccess: false, exactOptionalPropertyTypes: false };
  const config = { extends: "../../tsconfig.json", compilerOptions, include: ["blocks"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(join(folder, "list.json"), JSON.stringify(blocks.filter((block) => !block.noRun).map(moduleFile)));
};

/** Complaints of the type checker by module, with the documentation's own line numbers. */
const typeErrors = async (): Promise<ReadonlyMap<string, string>> => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { output } = await run("node", [tsc, "-p", folder, "--pretty", "false"], { cwd: folder });
  const errors = new Map<string, string>();
  for (const [, file, line, message] of output.matchAll(/^(.+?)\((\d+),\d+\): error (.*)$/gm))
    errors.set(join(folder, file!), `${errors.get(join(folder, file!)) ?? ""}line ${line}: ${message}\n`);
  return errors;
};

/** What came of running each module: "ok" or the error. */
const outcomes = async (): Promise<{ readonly results: Readonly<Record<string, string>>; readonly output: string }> => {
  const runner = join(root, "test/docs/runner.mjs");
  const files = [join(folder, "list.json"), join(folder, "results.json")];
  const options = ["--conditions=msrl-source", `--import=${import.meta.resolve("tsx")}`];
  const { output } = await run("node", [...options, runner, ...files], { cwd: join(folder, "work"), timeout: 240_000 });
  return { results: existsSync(files[1]!) ? JSON.parse(readFileSync(files[1]!, "utf8")) : {}, output };
};

const state = {
  errors: new Map() as ReadonlyMap<string, string>,
  results: {} as Readonly<Record<string, string>>,
  output: "",
};

beforeAll(async () => {
  writeAll();
  const [errors, ran] = await Promise.all([typeErrors(), outcomes()]);
  Object.assign(state, { errors, ...ran });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("documentation", () => {
  test.each(
    blocks.map((block) => [`${block.file}:${block.line}${block.noRun ? ` (not run: ${block.noRun})` : ""}`, block]),
  )("%s", (_, block) => {
    const { file } = block as Block;
    const module = moduleFile(block as Block);
    const shown = (text: string): string => text.replaceAll(relative(root, module), file).replaceAll(module, file);
    if (state.errors.has(module)) expect.fail(`types of ${file}\n${shown(state.errors.get(module)!)}`);
    if ((block as Block).noRun) return;
    const outcome = state.results[module] ?? `did not run; the process said:\n${state.output}`;
    if (outcome !== "ok") expect.fail(shown(outcome));
  });
});
