#!/usr/bin/env node
import { main } from "@msrl/rewards/cli";

const interrupted = new Promise((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, resolve); // the second one ends the process
});
process.exitCode = await main({
  arguments: process.argv.slice(2),
  environment: process.env,
  folder: process.cwd(),
  now: Date.now,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  interrupted,
});
