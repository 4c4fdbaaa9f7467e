// npm run fuzz [-- --count 1000000 --seed 1]: a million hostile completions through every reward.
import { parseArgs } from "node:util";
import { fuzzRewards } from "./rewards.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "1000000" }, seed: { type: "string" } },
});
const count = Number(values.count);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  console.error(`--count is ${values.count}, --seed ${values.seed ?? "none"}: whole numbers wanted`);
  process.exit(2);
}
console.log(`${count} completions, seed ${seed}`);
let told = 0;
const { problems, slowest } = await fuzzRewards({
  count,
  seed,
  patience: 10_000,
  progress: (done) => {
    if (done < count && done - told < count / 20) return;
    told = done;
    console.log(`${done} done`);
  },
});
for (const [name, milliseconds] of [...slowest].sort((a, b) => b[1] - a[1]).slice(0, 5))
  console.log(`slowest batch of ${name}: ${milliseconds.toFixed(1)} ms`);
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "every value a number within -1 and 1, or null" : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
