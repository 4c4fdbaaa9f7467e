// npm run build: ESM, CJS and types of every package into packages/*/dist, core first.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packages, root } from "./packages.mjs";
import { must } from "./run.mjs";

/** The files an exports map names that are not there. */
const missing = ({ path, manifest }) =>
  Object.values(manifest.exports)
    .flatMap((conditions) => Object.values(conditions))
    .flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)))
    .filter((file) => !existsSync(join(path, file)));

const build = async (one) => {
  const started = performance.now();
  await must(
    "node",
    [join(root, "node_modules/tsup/dist/cli-default.js"), "--config", "../../tsup.config.ts", "--silent"],
    {
      cwd: one.path,
    },
  );
  const absent = missing(one);
  if (absent.length > 0)
    throw new Error(`${one.manifest.name}: exports names files that were not built: ${absent.join(", ")}`);
  console.log(`${one.manifest.name} built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
};

/** Builds every package: core, then the others at the same time. */
export const buildAll = async () => {
  const [core, ...others] = packages;
  await build(core);
  await Promise.all(others.map(build));
};

if (process.argv[1] === import.meta.filename)
  await buildAll().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
