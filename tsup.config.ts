import { existsSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { defineConfig, type Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

// One configuration for every package; tsup runs in the package's folder (scripts/build.mjs).
const manifest: { name: string; exports: Record<string, Record<string, string>> } = JSON.parse(
  readFileSync("package.json", "utf8"),
);

/** `./graph` -> `{ graph: "src/graph/index.ts" }`: the exports map names the source, so the build cannot drift from it. */
const entry = Object.fromEntries(
  Object.entries(manifest.exports).map(([subpath, conditions]) => [
    subpath === "." ? "index" : subpath.slice(2),
    conditions["msrl-source"]!.slice(2),
  ]),
);

/** fp-ts has no exports map, so Node's ESM loader finds `fp-ts/lib/Either.js` but not `fp-ts/Either`; both are one file. */
const fpTs: Plugin = {
  name: "fp-ts",
  setup: (build) =>
    build.onResolve({ filter: /^fp-ts\/\w+$/ }, ({ path }) => ({
      path: path.replace("fp-ts/", "fp-ts/lib/").concat(".js"),
      external: true,
    })),
};

/** The script of a package's workers, which runs as it is. */
const worker = ["src/session/worker.cjs", "src/isolate/worker.cjs"].find(existsSync);

export default defineConfig({
  entry,
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  outDir: "dist",
  tsconfig: "../../tsconfig.json",
  clean: true,
  sourcemap: true,
  splitting: true, // entries of a package share their modules, in CJS too: one copy of every module
  shims: true, // import.meta.url in CJS
  external: [/^@msrl\//],
  noExternal: [/^fp-ts\//], // leaves fp-ts to the plugin, which keeps it external
  esbuildPlugins: [fpTs],
  dts: {
    compilerOptions: {
      ignoreDeprecations: "6.0", // tsup's type build sets baseUrl
      customConditions: [], // other packages are seen as their users see them: built and external
      composite: false,
      noEmit: false,
    },
  },
  onSuccess: async () => {
    if (worker !== undefined) await copyFile(worker, "dist/worker.cjs");
  },
});
