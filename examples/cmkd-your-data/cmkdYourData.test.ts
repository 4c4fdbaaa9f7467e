import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { key } from "@msrl/core";
import { openaiChat } from "@msrl/core/openai";
import { hasFormat } from "@msrl/rewards";
import { readSamples } from "@msrl/stages";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeSet } from "./makeSet.js";
import { standIn } from "./standIn.js";
import { yieldPage } from "./yieldPage.js";

const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const data = at("data/pairs.jsonl");

/** Which answer fits, by the colours. */
const truth: Readonly<Record<string, "A" | "B">> = {
  "colour-red": "A",
  "colour-green": "B",
  "colour-blue": "A",
  "colour-yellow": "B",
  "colour-black": "A",
  "colour-white": "B",
  "paint-red": "B",
  "paint-green": "A",
  "paint-blue": "B",
  "paint-yellow": "A",
  "paint-black": "B",
  "paint-white": "A",
  "film-1": "A",
  "film-2": "B",
};

let folder: string;
let server: Awaited<ReturnType<typeof standIn>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cmkd-"));
  server = await standIn();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const main = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = ["--conditions=msrl-source", "--import", "tsx", at("main.ts")];
    const given = ["--data", data, "--url", server.url, "--model", "stand-in", "--out", folder];
    const child = spawn(process.execPath, [...options, ...given], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    child.on("close", (code) => (code === 0 ? resolve(said) : reject(new Error(`code ${code}: ${said}`))));
  });

const rowsOf = async () =>
  (await readFile(join(folder, "sft.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

it("the two commands of the README make a set, and again without asking anybody", async () => {
  const page = await main();
  expect(page).toMatch(/^samples +14$/m);
  expect(page).toMatch(/^ +kept +14$/m);
  expect(page).toMatch(/^captions asked for \/ known before +8 \/ 12$/m);
  const rows = await rowsOf();
  expect(Object.fromEntries(rows.map((row) => [row.id, row.pseudo_label]))).toEqual(truth);
  const form = hasFormat({ tags: ["type", "caption", "think", "answer"] });
  for (const { messages, images, pseudo_label } of rows) {
    const [question, reply] = messages;
    expect(form(reply.content)).toBe(true);
    expect(reply.content).toContain(`<answer>${pseudo_label}</answer>`);
    expect(question.content.split("<image>").length - 1).toBe(images.length);
    for (const image of images) expect((await readFile(join(folder, image))).toString("latin1", 1, 4)).toBe("PNG");
  }
  expect(rows[0].messages[1].content).toContain("<caption> image 1: A red square. </caption>");
  const requests = server.requests();
  expect(await main()).toMatch(/^captions asked for \/ known before +0 \/ 20$/m);
  expect([server.requests(), await rowsOf()]).toEqual([requests, rows]);
});

it("tells how often pseudo-labels are right, where there are labels", async () => {
  const { samples } = await readSamples(data);
  const chat = openaiChat({ url: server.url, model: "stand-in" });
  const options = { captioner: chat, teacher: chat, folder, candidates: 8, frames: 2, maxTokens: 64, key: key(1) };
  const labelled = samples.map((sample) => ({ ...sample, label: truth[sample.id]! }));
  const made = await makeSet({ ...options, samples: labelled });
  expect(made.run.table.accuracy.voted).toBe(1);
  expect(made.run.table.accuracy.single).toBeLessThan(1);
  expect(yieldPage(made)).toMatch(/right, all votes +100\.0 %/);
});

it("copes with a server that gives one reply without log-probs at a time, and asks for none twice after an end", async () => {
  const { samples } = await readSamples(data);
  const answered: string[] = [];
  const asked = async (requests: number) => {
    let left = requests;
    const sparse: typeof fetch = async (url, given) => {
      if (left-- <= 0) throw new Error("the end");
      const answer = (await (await fetch(url, given)).json()) as { choices: { logprobs?: unknown }[] };
      const [{ logprobs, ...choice }] = answer.choices as [{ logprobs?: unknown }];
      answered.push(String(given?.body));
      return new Response(JSON.stringify({ ...answer, choices: [choice] }));
    };
    const chat = openaiChat({ url: server.url, model: "stand-in", fetch: sparse, attempts: 1 });
    return makeSet({
      captioner: chat,
      teacher: chat,
      folder,
      candidates: 4,
      frames: 2,
      maxTokens: 64,
      key: key(1),
      samples,
    });
  };
  const { run, transfer } = await asked(30);
  expect(run.failed.length).toBe(14 - run.table.samples);
  expect(run.failed.every(({ message }) => message.includes("the end"))).toBe(true);
  expect([transfer.report.kept, run.failed.length > 0]).toEqual([14, true]);
  const made = await asked(1000);
  expect(made.run.failed).toEqual([]);
  expect([answered.length, new Set(answered).size]).toEqual([8 + 14 * 4, 8 + 14 * 4]);
  expect(yieldPage(made)).toMatch(/^traces chosen by +vote share$/m);
  expect((await rowsOf())[0].provenance.confidence).toBeGreaterThan(0.5);
  expect(await readdir(folder)).not.toContain("replies.jsonl");
});
