import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../test/sockets.js";
import type { Shell } from "./command.js";
import { main } from "./main.js";

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
    expect(await run("serve", "--colour", "x")).toMatchObject({ code: 2, error: expect.stringContaining("--colour") });
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
