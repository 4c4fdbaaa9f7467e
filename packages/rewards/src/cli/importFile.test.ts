import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "msrl-import-"));
  const source = await readFile(fileURLToPath(new URL("importFile.ts", import.meta.url)), "utf8");
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  await writeFile(join(folder, "importFile.mjs"), ts.transpileModule(source, { compilerOptions }).outputText);
});
afterAll(() => rm(folder, { recursive: true }));

const text = "export const score = (text: string): number => text.length;";
const program = (path: string) => `
  import { importFile } from ${JSON.stringify(join(folder, "importFile.mjs"))};
  const found = await importFile(${JSON.stringify(path)}).catch((error) => ({ message: error.message }));
  console.log(found.message ?? (found.score ?? found.default.score)("four"));`;

/** What a Node that knows no TypeScript prints of a file in a project of its own. */
const printed = async (name: string, { tsx, type }: { readonly tsx: boolean; readonly type: string }) => {
  const project = await mkdtemp(join(folder, "project-"));
  await writeFile(join(project, "package.json"), JSON.stringify({ type }));
  await writeFile(join(project, name), text);
  await mkdir(join(project, "node_modules"));
  const installed = dirname(fileURLToPath(import.meta.resolve("tsx/package.json")));
  if (tsx) await symlink(installed, join(project, "node_modules/tsx"));
  const none = "typescript" in process.features ? ["--no-experimental-strip-types"] : [];
  const { stdout } = await promisify(execFile)(
    "node",
    [...none, "--input-type=module", "--eval", program(join(project, name))],
    { env: { PATH: process.env.PATH } },
  );
  return stdout.trim();
};

describe("importFile, by a Node that knows no TypeScript", () => {
  it("reads it by the tsx beside it, in projects of either kind", async () => {
    expect(await printed("reward.ts", { tsx: true, type: "module" })).toBe("4");
    expect(await printed("reward.ts", { tsx: true, type: "commonjs" })).toBe("4");
  });

  it("says what to install where there is none, and what it does not know", async () => {
    expect(await printed("reward.ts", { tsx: false, type: "module" })).toMatch(
      /^this Node does not read TypeScript\. Install tsx/,
    );
    expect(await printed("reward.txt", { tsx: true, type: "module" })).toMatch(/^it is no file of JavaScript/);
  });
});
