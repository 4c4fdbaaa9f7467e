import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../test/sockets.js";
import { isolateFile } from "./fileReward.js";
import { loadModule } from "./loadModule.js";
import { main, type Shell } from "./main.js";

const run = async (...given: readonly string[]) => {
  let [out, error] = ["", ""];
  const shell: Shell = {
    arguments: given,
    environment: {},
    folder: tmpdir(),
    now: Date.now,
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    interrupted: Promise.resolve(),
  };
  return { code: await main(shell), out, error };
};

let folder: string;
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "msrl-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("msrl", () => {
  it("tells what there is, and what there is not", async () => {
    expect(await run()).toMatchObject({ code: 0, out: expect.stringContaining("serve") });
    expect(await run("sing")).toMatchObject({ code: 2, error: expect.stringContaining('there is no command "sing"') });
    expect(await run("serve", "--help")).toMatchObject({ code: 0, out: expect.stringContaining("--shim") });
    expect(await run("serve", "--colour", "x")).toMatchObject({ code: 1, error: expect.stringContaining("--colour") });
    expect(await run("serve", "--port", "x", "--workers", "2")).toEqual({
      code: 2,
      out: "",
      error: [
        'msrl serve: --port is "x", wanted a whole number from 0 to 65535\n',
        "msrl serve: --workers needs --isolate MILLISECONDS\n",
      ].join(""),
    });
    expect(await run("serve", "--shim", "verl")).toMatchObject({
      code: 0,
      out: expect.stringContaining("def compute_score"),
    });
  });

  it("serves until it is interrupted", async () => {
    const { code, out } = await run("serve", "--port", "0");
    expect([code, out]).toEqual([0, expect.stringMatching(/^MSRL's reward at http:\/\/127\.0\.0\.1:\d+ /)]);
  });
});

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

describe("bin/msrl.mjs", () => {
  const bin = join(dirname(fileURLToPath(import.meta.url)), "../../bin/msrl.mjs");
  const start = (options: readonly string[], ...given: readonly string[]) => {
    const child: ChildProcess = spawn("node", ["--conditions=msrl-source", ...options, bin, ...given], {
      env: { PATH: process.env.PATH },
    });
    let said = "";
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (data) => (said += data));
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { child, said: () => said, ended };
  };
  const tsx = [`--import=${import.meta.resolve("tsx")}`];

  it("serves a file of TypeScript, and ends on Ctrl-C", async () => {
    const text = "export const score = (text: string, { label }: { label: string }): number => Number(text === label);";
    const { child, said, ended } = start(tsx, "serve", await file("mine.ts", text), "--port", "0");
    await until(() => /http:\S+\d (?=\()/.test(said()));
    const url = /at (http:\S+) /.exec(said())![1]!;
    const body = JSON.stringify({ query: ["Q?A"], prompts: ["Q?"], labels: ["A"] });
    const reply = await fetch(`${url}/get_reward`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(await reply.json()).toEqual({ rewards: [1], scores: [1], extra_logs: { score: [1], failed: [0] } });
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(said()).toContain("answering what was taken");
  });

  const hang = "const value = (text: string) => { while (text === 'loop'); return text.length; };";
  it.each([
    ["a function", "score", "export const score = value;"],
    [
      "weighted parts",
      "length",
      `const length = (batch: any) => async () => ({ _tag: "Right", right: batch.map((each: any) => value(each.completion.text)) });
       export default { length: { reward: length, weight: 1 } };`,
    ],
  ])("serves %s in workers, where a completion that never ends is one that failed", async (_, part, text) => {
    const path = await file(`${part}.ts`, `${hang}\n${text}`);
    const { child, said, ended } = start(tsx, "serve", path, "--port", "0", "--isolate", "500", "--workers", "2");
    await until(() => /http:\S+\d (?=\()/.test(said()));
    const url = /at (http:\S+) /.exec(said())![1]!;
    const body = JSON.stringify({ samples: ["four", "loop", ""].map((completion) => ({ completion })) });
    const reply = await fetch(`${url}/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const failures = { [part]: "no score within 500 ms: the worker was ended" };
    expect(await reply.json()).toEqual({
      parts: [part],
      scores: [
        { value: 4, parts: { [part]: 4 } },
        { value: null, parts: { [part]: null }, failures },
        { value: 0, parts: { [part]: 0 } },
      ],
    });
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });
});
