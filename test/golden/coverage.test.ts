import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { folder } from "./golden.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const tests = readdirSync(here)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => readFileSync(`${here}/${name}`, "utf8"));

const topics = new Set(
  readdirSync(folder)
    .filter((name) => name.endsWith(".json") && !name.startsWith("inputs_"))
    .map((name) => name.replace(/(\.\d+)?\.json$/, "")),
);

// That every case of a topic runs, or is skipped with a reason, is what `skipCases` of its test sees to.
it.each([...topics])("some test answers for every case of %s", (topic) => {
  const asking = new RegExp(`goldenCases[^(]*\\(\\s*"${topic}"`);
  const answering = tests.filter((source) => asking.test(source) && source.includes("skipCases("));
  expect(answering.length).toBeGreaterThan(0);
});
