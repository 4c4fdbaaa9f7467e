// Trains with a checkpoint every step, going on from the newest one, and tells each step: node ... program.ts FOLDER
import { train } from "./stage.js";

await train({
  checkpoint: { folder: process.argv[2]!, every: 1, resume: true },
  onStep: ({ step }) => process.stdout.write(`${step}\n`),
});
process.stdout.write("done\n");
