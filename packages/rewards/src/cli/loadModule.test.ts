import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isolateFile } from "./fileReward.js";
import { loadModule } from "./loadModule.js";

let folder: string;
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "msrl-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a file of rewards", () => {
  const load = async (name: string, text: string) => loadModule(await file(name, text), folder);

  it("exports a reward, several, weighted parts, or a function", async () => {
    const constant = "() => async () => ({ _tag: 'Right', right: [1] })";
    expect(await load("one.mjs", `export default ${constant}; export const parts = ["a"];`)).toMatchObject({
      parts: ["a"],
    });
    expect(Object.keys((await load("two.mjs", `export default { a: ${constant}, b: ${constant} };`)).reward)).toEqual([
      "a",
      "b",
    ]);
    const weighted = await load("parts.mjs", `export default { a: { reward: ${constant}, weight: 1 } };`);
    expect(weighted.parts).toEqual(["a"]);
    const { reward, reference } = await load(
      "score.mjs",
      "export const score = async (text) => text.length; export const reference = () => 3;",
    );
    expect([typeof reward, reference?.(1)]).toEqual(["function", 3]);
  });

  it.each<[string, string, string, RegExp]>([
    ["nothing", "nothing.mjs", "export const other = 1;", /nothing\.mjs: it exports no reward: export default/],
    ["an error", "error.mjs", "throw new Error('boom');", /it cannot be loaded: Error: boom/],
    ["no program", "syntax.mjs", "export default {", /it cannot be loaded: .*rror/],
    [
      "wrong parts",
      "wrong.mjs",
      "export default { a: { reward: 3, weight: 1 } };",
      /wrong\.mjs: its default export: weightedSum: a\.reward is 3, wanted a reward/,
    ],
    ["no parts", "empty.mjs", "export default {};", /empty\.mjs: its default export: weightedSum: parts is empty/],
    [
      "a reference that is no function",
      "reference.mjs",
      "export const score = () => 1; export const reference = 'label';",
      /its export reference is "label", wanted a function/,
    ],
    [
      "parts that are no names",
      "names.mjs",
      "export const score = () => 1; export const parts = 'score';",
      /its export parts is "score", wanted a list of names/,
    ],
  ])("with %s is told so", async (_, name, text, wanted) => {
    await expect(load(name, text)).rejects.toThrow(wanted);
  });

  it("may be CommonJS, written or made of TypeScript", async () => {
    const written = "module.exports = { score: (text) => text.length, reference: () => 3 };";
    const { reward, reference } = await load("written.cjs", written);
    expect([(reward as { name: string }).name, reference?.(1)]).toEqual(["score", 3]);
    const constant = "() => async () => ({ _tag: 'Right', right: [1] })";
    const made = `exports.__esModule = true; exports.default = { a: { reward: ${constant}, weight: 1 } };`;
    expect((await load("made.cjs", made)).parts).toEqual(["a"]);
  });

  it("has the same names and parts in workers", async () => {
    const constant = "() => async () => ({ _tag: 'Right', right: [1] })";
    const shape = async (name: string, text: string) => {
      const { rewards, close } = isolateFile(await load(name, text), join(folder, name), {});
      close();
      const all = typeof rewards.reward === "function" ? { default: rewards.reward } : rewards.reward;
      return Object.entries(all).map(([key, each]) => [key, "marks" in each, (each as { parts?: unknown }).parts]);
    };
    expect(await shape("isolated.mjs", `export default { a: ${constant}, b: ${constant} };`)).toEqual([
      ["a", false, []],
      ["b", false, []],
    ]);
    const weighted = `export default { a: { reward: ${constant}, weight: 1 } };`;
    expect(await shape("isolatedParts.mjs", weighted)).toEqual([["default", false, ["a"]]]);
    const score = "export const score = () => 1;";
    expect(await shape("isolatedScore.mjs", score)).toEqual([["default", true, undefined]]);
  });

  it("that is missing is told so", async () => {
    await expect(loadModule("absent.mjs", folder)).rejects.toThrow("absent.mjs: there is no such file");
    await expect(loadModule(".", folder)).rejects.toThrow(".: it is no file");
  });
});
