// npm run fuzz [-- --count 1000000 --requests 100000 --seed 1]: a million hostile completions through every reward, and
// a hundred thousand requests to a server of rewards. A count of 0 leaves a part out.
import { parseArgs } from "node:util";
import { fuzzRewards } from "./rewards.js";
import { fuzzServer } from "./server.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    requests: { type: "string", default: "100000" },
    seed: { type: "string" },
  },
});
const [count, requests] = [Number(values.count), Number(values.requests)];
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (![count, requests, seed].every((value) => Number.isInteger(value) && value >= 0)) {
  console.error(
    `--count is ${values.count}, --requests ${values.requests}, --seed ${values.seed ?? "none"}: whole numbers wanted`,
  );
  process.exit(2);
}
console.log(`${count} completions, ${requests} requests, seed ${seed}`);
let told = 0;
const tell = (done: number, all: number): void => {
  if (done < all && done - told < all / 20) return;
  told = done;
  console.log(`${done} done`);
};
const { problems, slowest } = await fuzzRewards({
  count,
  seed,
  patience: 10_000,
  progress: (done) => tell(done, count),
});
for (const [name, milliseconds] of [...slowest].sort((a, b) => b[1] - a[1]).slice(0, 5))
  console.log(`slowest batch of ${name}: ${milliseconds.toFixed(1)} ms`);
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "every value a number within -1 and 1, or null" : `${problems.length} problems`);
told = 0;
const served = await fuzzServer({ count: requests, seed, progress: (done) => tell(done, requests) });
const megabytes = served.grown / 2 ** 20;
if (megabytes > 8) served.problems.push(`the heap grew by ${megabytes.toFixed(1)} MB`);
for (const problem of served.problems) console.error(problem);
if (served.problems.length === 0)
  console.log(
    `every request answered, the heap ${megabytes < 0 ? "shrank" : "grew"} by ${Math.abs(megabytes).toFixed(1)} MB`,
  );
process.exitCode = problems.length + served.problems.length === 0 ? 0 : 1;
