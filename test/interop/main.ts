// npm run test:interop [-- --part rewards ... --brief]: programs of others, as they are, beside ours. Environments are made below
// runs/interop; what cannot be had is said and not run. See environment.ts and engine/install.ts for what it takes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../scripts/packages.mjs";
import { engineChecks } from "./engine/main.js";
import { rewardChecks } from "./rewards/main.js";
import { serveChecks } from "./serve/main.js";

const parts: Readonly<Record<string, (folder: string, brief: boolean) => Promise<boolean>>> = {
  rewards: rewardChecks,
  engine: engineChecks,
  serve: serveChecks,
};

const { values } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: Object.keys(parts) },
    brief: { type: "boolean", default: false },
  },
});
const unknown = values.part.find((name) => !(name in parts));
if (unknown === undefined) {
  const folder = join(root, "runs/interop");
  mkdirSync(folder, { recursive: true });
  for (const name of values.part) if (!(await parts[name]!(folder, values.brief))) process.exitCode = 1;
} else {
  console.error(`--part is ${unknown}, wanted one of ${Object.keys(parts).join(", ")}`);
  process.exitCode = 1;
}
