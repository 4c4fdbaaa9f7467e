// npm run packed: packs every package, installs the archives into an empty folder and uses them as a stranger would.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { packages, root, subpaths } from "./packages.mjs";
import { must } from "./run.mjs";

const pack = async ({ path }, into) => {
  const [packed] = JSON.parse(await must("npm", ["pack", "--json", "--pack-destination", into], { cwd: path }));
  return { archive: join(into, packed.filename), files: packed.files.map((file) => file.path) };
};

/** What every archive must hold; and no test in it. */
const contents = ({ manifest }, { files }) => {
  const wanted = [
    "README.md",
    "LICENSE",
    "package.json",
    ...(["@msrl/core", "@msrl/rewards"].includes(manifest.name) ? ["dist/worker.cjs"] : []),
  ];
  const absent = wanted.filter((file) => !files.includes(file));
  if (absent.length > 0) throw new Error(`${manifest.name}: the archive lacks ${absent.join(", ")}`);
  const tests = files.filter((file) => /\.test\./.test(file));
  if (tests.length > 0) throw new Error(`${manifest.name}: the archive holds tests: ${tests.join(", ")}`);
};

/** Loads every subpath both ways. */
const loadAll = {
  "load.mjs": `for (const name of ${JSON.stringify(subpaths)})
  await import(name).catch((error) => { throw new Error("import of " + name + ": " + error.stack); });\n`,
  "load.cjs": `for (const name of ${JSON.stringify(subpaths)})
  try { require(name); } catch (error) { throw new Error("require of " + name + ": " + error.stack); }\n`,
};

/** A file that imports every subpath and passes on what it found, so that a type that does not resolve is an error. */
const typesOf = (kind) =>
  [
    ...subpaths.map((name, at) =>
      kind === "mts" ? `import * as m${at} from "${name}";` : `import m${at} = require("${name}");`,
    ),
    `export const all = [${subpaths.map((_, at) => `m${at}`).join(", ")}];`,
  ].join("\n");

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023"],
    module: "NodeNext",
    strict: true,
    outDir: "out",
    skipLibCheck: false, // our declaration files are checked as well
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  },
  include: ["*.mts", "*.cts"],
};

/** An empty project with the archives installed, the consumers and the loaders in it. */
const prepare = async (folder) => {
  const project = join(folder, "project");
  await mkdir(project);
  const archives = [];
  for (const one of packages) {
    const packed = await pack(one, folder);
    contents(one, packed);
    archives.push(packed.archive);
  }
  const files = {
    ...loadAll,
    "package.json": JSON.stringify({ name: "consumer", private: true }),
    "tsconfig.json": JSON.stringify(tsconfig),
    "types.mts": typesOf("mts"),
    "types.cts": typesOf("cts"),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  const options = [
    "--ignore-scripts",
    "--omit=optional",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
  ];
  // Who imports @msrl/rewards/testing brings fast-check, its optional peer.
  const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const peers = [`fast-check@${devDependencies["fast-check"]}`];
  await must("npm", ["install", ...options, ...archives, ...peers], { cwd: project });
  await cp(join(root, "test/packed"), project, { recursive: true });
  return project;
};

const main = async (folder) => {
  const timed = async (name, work) => {
    const started = performance.now();
    const value = await work();
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return value;
  };
  await timed("build", buildAll);
  const cwd = await timed("pack and install", () => prepare(folder));
  await timed("import of every subpath", () => must("node", ["load.mjs"], { cwd }));
  await timed("require of every subpath", () => must("node", ["load.cjs"], { cwd }));
  await timed("types, as ESM and as CommonJS", () =>
    must("node", [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd }),
  );
  await timed("use as ESM", () => must("node", ["out/consumer.mjs"], { cwd }));
  await timed("use as CommonJS", () => must("node", ["out/consumer.cjs"], { cwd }));
};

const folder = await mkdtemp(join(tmpdir(), "msrl-packed-"));
await main(folder)
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  })
  .finally(() => rm(folder, { recursive: true, force: true }));
