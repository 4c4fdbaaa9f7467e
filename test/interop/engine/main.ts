// npm run test:interop, the part of the training engine: SkyRL on the CPU, both wires. See install.ts for what it needs.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openDevice } from "@msrl/core/session";
import { root } from "../../../scripts/packages.mjs";
import { equality } from "./equality.js";
import { installed, type Release, releases } from "./install.js";
import { clientKills, serverKill } from "./kills.js";
import { pipeline } from "./pipeline.js";
import { startServer } from "./server.js";

const model = join(root, "test/fixtures/hf/qwen3-tiny");

/** What `MSRL_INTEROP_ENGINE` picks, of releases by their wire and of checks; all where it names none. */
const picked = (names: readonly string[]): ((name: string) => boolean) => {
  const wanted = (process.env.MSRL_INTEROP_ENGINE ?? "").split(",").filter((name) => names.includes(name));
  return (name) => wanted.length === 0 || wanted.includes(name);
};

/** One release's checks; whether all passed. */
const checked = async (folder: string, release: Release): Promise<boolean> => {
  const name = `engine, ${release.packages[0]}`;
  const { venv, why } = await installed(folder, release);
  if (venv === undefined) {
    console.log(`not run: ${name}: ${why}`);
    return true;
  }
  const own = join(folder, `engine-${release.wire}`);
  mkdirSync(own, { recursive: true });
  const device = await openDevice({ threads: 1 });
  const server = await startServer(venv, model, join(own, "server"));
  const options = { url: server.url, baseModel: model, device };
  const checks: Readonly<Record<string, () => Promise<readonly string[]>>> = {
    equality: () => equality(options, own),
    pipeline: () => pipeline(options),
    clients: async () => [await clientKills(options, own, 12)],
    server: () => serverKill(options, server, own),
  };
  const wanted = picked(Object.keys(checks));
  let passed = true;
  for (const [check, run] of Object.entries(checks)) {
    if (!wanted(check)) continue;
    const started = performance.now();
    const lines = await run().catch((error: Error) => {
      passed = false;
      return [`FAILED  ${error.stack ?? error.message}`];
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    for (const line of lines) console.log(`${line.startsWith("FAILED") ? line : `ok      ${name}: ${line}`}`);
    console.log(`        ${check}, ${seconds} s`);
  }
  await server.stop();
  await device.close();
  return passed;
};

/** Every release, one after the other; in brief only what `MSRL_INTEROP_ENGINE` picks, for the 6 GB that each of them takes. */
export const engineChecks = async (folder: string, brief: boolean): Promise<boolean> => {
  if (brief && !process.env.MSRL_INTEROP_ENGINE) {
    console.log(
      "not run: engine: in brief, for the 6 GB of its environment; MSRL_INTEROP_ENGINE=protobuf,equality runs a part",
    );
    return true;
  }
  const wanted = picked(releases.map(({ wire }) => wire));
  let passed = true;
  for (const release of releases) if (wanted(release.wire)) passed = (await checked(folder, release)) && passed;
  return passed;
};
