// Imports every module of a list and writes what came of it; runs as `node ... runner.mjs LIST RESULTS`.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [list, results] = process.argv.slice(2);
const limit = 60_000;
const outcome = {};
const save = () => writeFileSync(results, JSON.stringify(outcome));

/** What a thrown value says; errors without a stack of their own keep their message. */
const say = (thrown) => (thrown instanceof Error ? (thrown.stack ?? `${thrown}`) : `threw ${JSON.stringify(thrown)}`);

const within = (work) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${limit / 1000} s`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

for (const file of JSON.parse(readFileSync(list, "utf8"))) {
  outcome[file] = "ended the process";
  save();
  const stray = [];
  const keep = (thrown) => stray.push(thrown);
  process.on("uncaughtException", keep);
  await within(import(pathToFileURL(file).href)).then(
    () => {
      outcome[file] = "ok";
    },
    (thrown) => {
      outcome[file] = say(thrown);
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  process.off("uncaughtException", keep);
  if (stray.length > 0) outcome[file] = say(stray[0]);
  save();
}
process.exit(0);
