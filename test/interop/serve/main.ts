// npm run test:interop, the part of the servers of models: examples/cmkd-your-data, as a user runs it, with `transformers serve` on
// the CPU and a small vision-language model made on the spot. MSRL_INTEROP_PYTHON names a Python that has what it takes.
import { deepStrictEqual as equal } from "node:assert";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { interpreter } from "../environment.js";
import { client } from "./client.js";
import { checkMade, rowsOf } from "./made.js";
import { learned } from "./model.js";
import { type Recording, recording } from "./pairs.js";
import { data, program } from "./program.js";
import { serveModel } from "./server.js";
import { type Tap, tap } from "./tap.js";

interface Setting {
  readonly tapped: Tap;
  readonly model: string;
  readonly folder: string;
  readonly candidates: number;
  readonly labels: Recording["labels"];
}

const optionsOf = ({ tapped, model, folder, candidates }: Setting, name: string, concurrency: number) => ({
  ...{ url: tapped.url, model, candidates, concurrency },
  ...{ out: join(folder, name), "max-tokens": 128 },
});

const requests = (candidates: number): number => 8 + 14 * candidates; // of media and of traces, one reply each

const whole = async (setting: Setting): Promise<string> => {
  const { tapped, folder, candidates, labels } = setting;
  const ending = await program(optionsOf(setting, "whole", 16)).ending;
  checkMade(join(folder, "whole"), ending, candidates);
  equal([tapped.asked.length, new Set(tapped.asked).size], [requests(candidates), requests(candidates)]);
  equal(tapped.asked.filter((body) => body.includes("data:image/png;base64,")).length, 8);
  const rows = rowsOf(join(folder, "whole"));
  const same = rows.filter(({ id, pseudo_label }) => labels[id] === pseudo_label).length;
  return `14 samples, ${tapped.asked.length} requests, ${rows.length} kept, ${same} with the label of the server it learned from`;
};

const again = async (setting: Setting): Promise<string> => {
  const { tapped, folder } = setting;
  const before = [tapped.asked.length, readFileSync(join(folder, "whole/sft.jsonl"), "utf8")];
  const { table } = await program(optionsOf(setting, "whole", 16)).ending;
  equal([tapped.asked.length, readFileSync(join(folder, "whole/sft.jsonl"), "utf8")], before);
  equal(table?.["captions asked for / known before"], "0 / 20");
  return "a second run asks nothing and makes the same set";
};

/** One thing asked at a time, so that the server repeats itself: killed several times it makes the set of a run that was not. */
const killed = async (setting: Setting): Promise<string> => {
  const { tapped, folder, candidates } = setting;
  const before = tapped.answered.length;
  const told = () => tapped.answered.slice(before);
  const kills = [5, 31, 40]; // among the captions, then twice among the traces
  for (const replies of kills) {
    const { child, ending } = program(optionsOf(setting, "killed", 1));
    tapped.cutAfter(replies, () => child.kill("SIGKILL"));
    equal((await ending).table, undefined);
  }
  const ending = await program(optionsOf(setting, "killed", 1)).ending;
  checkMade(join(folder, "killed"), ending, candidates);
  equal([told().length, new Set(told()).size], [requests(candidates), requests(candidates)]);
  await program(optionsOf(setting, "calm", 1)).ending;
  equal(rowsOf(join(folder, "killed")), rowsOf(join(folder, "calm")));
  return `killed after ${kills.join(", ")} replies, ${told().length / 2} answered once each, the set of a run without kills`;
};

const checked = async (python: string, own: string, brief: boolean): Promise<boolean> => {
  rmSync(join(own, "recorded"), { recursive: true, force: true });
  const recorded = await recording(data, join(own, "recorded"));
  const { model, about } = await learned(python, own, recorded);
  console.log(`        ${about}`);
  const server = await serveModel(python, model, join(own, "server.log"));
  const tapped = await tap(server.url);
  const folder = join(own, "sets");
  rmSync(folder, { recursive: true, force: true });
  const setting = { tapped, model, folder, candidates: brief ? 4 : 8, labels: recorded.labels };
  const checks = {
    client: () => client(`${server.url}/v1`, model),
    whole: () => whole(setting),
    again: () => again(setting),
  };
  let passed = true;
  for (const [name, check] of Object.entries(brief ? checks : { ...checks, killed: () => killed(setting) })) {
    const started = performance.now();
    const line = await check().catch((error: Error) => {
      passed = false;
      return error;
    });
    const seconds = `${((performance.now() - started) / 1000).toFixed(0)} s`;
    if (typeof line === "string") console.log(`ok      serve, ${name}: ${line}, ${seconds}`);
    else console.log(`FAILED  serve, ${name}: ${line.stack ?? line.message}`);
  }
  await tapped.close();
  await server.stop();
  return passed;
};

/** The example with `transformers serve`; whether nothing failed. In brief without kills. */
export const serveChecks = async (folder: string, brief: boolean): Promise<boolean> => {
  const own = join(folder, "serve");
  mkdirSync(own, { recursive: true });
  const { python, missing } = await interpreter(
    folder,
    "torch, transformers, fastapi, uvicorn, openai, PIL, accelerate",
  );
  if (missing === undefined)
    return checked(python, own, brief).catch((error: Error) => {
      console.log(`FAILED  serve: ${error.stack ?? error.message}`);
      return false;
    });
  console.log(`not run: serve: ${missing}`);
  return true;
};
