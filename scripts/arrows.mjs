// npm run arrows: which part may import which (CONTRIBUTING.md, "The house"), no cycle, nothing global.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { packages, root } from "./packages.mjs";

/** Parts of core, and the parts each may import besides itself; `entry` is src/index.ts, `host` the plain files beside it. */
const coreLayers = {
  host: [],
  graph: ["host"],
  session: ["host", "graph"],
  advantages: ["host"],
  kl: ["host", "graph"],
  losses: ["host", "graph", "kl"],
  optim: ["host", "graph"],
  policy: ["host", "graph", "losses", "optim"],
  openai: ["host", "policy"],
  models: ["host", "graph", "session", "kl", "losses", "optim", "policy"],
  tinker: ["host", "graph", "kl", "losses", "optim", "policy", "session", "models"],
  transformers: ["host", "policy", "models"],
  entry: ["host", "advantages"],
};

/** Libraries that only one folder may import; `tests` elsewhere may compare with some. */
const doors = [
  { library: /^onnxruntime-/, folder: "packages/core/src/session/", tests: false },
  { library: /^@huggingface\//, folder: "packages/core/src/transformers/", tests: true },
];

/** What must come in as an argument: randomness, time, environment. */
const globals = new Set([
  "Math.random",
  "Date.now",
  "performance.now",
  "process.env",
  "crypto.randomUUID",
  "new Date()",
]);

const maximumLines = 200;

const isTest = (file) => /\.(test|bench)\.ts$|^packages\/[^/]+\/test\//.test(file);
const isProgram = (file) => /^packages\/[^/]+\/bin\//.test(file); // hands the process to its package as installed
const isSource = (name) => /\.(ts|mts|cts|mjs|cjs)$/.test(name);

const walk = (folder) =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
        if (one.name === "node_modules" || one.name === "dist") return [];
        const path = join(folder, one.name);
        return one.isDirectory() ? walk(path) : isSource(one.name) ? [path] : [];
      });

/** What a file imports (specifier, line, whether only types) and the globals it reads. */
const read = (path) => {
  const text = readFileSync(path, "utf8");
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const imports = [];
  const uses = [];
  const lineOf = (node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const add = (specifier, node, typeOnly) => {
    if (specifier && ts.isStringLiteralLike(specifier))
      imports.push({ specifier: specifier.text, line: lineOf(node), typeOnly });
  };
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node, node.isTypeOnly);
    else if (ts.isImportTypeNode(node)) add(node.argument.literal, node, true);
    else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      if (callee.kind === ts.SyntaxKind.ImportKeyword || callee.getText(source) === "require")
        add(node.arguments[0], node, false);
    }
    const used = ts.isPropertyAccessExpression(node)
      ? node.getText(source)
      : ts.isNewExpression(node) && node.expression.getText(source) === "Date" && !node.arguments?.length
        ? "new Date()"
        : "";
    if (globals.has(used)) uses.push({ name: used, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, name: relative(root, path), lines: text.split("\n").length - 1, imports, uses };
};

const ownerOf = (path) => packages.find((one) => path.startsWith(`${one.path}/`));

/** The part of core a file belongs to, or undefined outside core's source. */
const layerOf = (path) => {
  const inside = relative("packages/core/src", relative(root, path));
  if (inside.startsWith("..")) return undefined;
  const [first, ...rest] = inside.split("/");
  if (rest.length === 0) return first === "index.ts" ? "entry" : "host";
  return first === "data" ? "host" : first;
};

const libraryOf = (specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** The source file behind a specifier: a path, `{ missing }` for one that leads nowhere, undefined for other libraries. */
const target = (specifier, from) => {
  if (specifier.startsWith(".")) {
    const path = resolve(dirname(from), specifier);
    const found = [path.replace(/\.js$/, ".ts"), path.replace(/\.([mc])js$/, ".$1ts"), path].find(existsSync);
    return found ?? { missing: `there is no ${relative(root, path).replace(/\.js$/, ".ts")}` };
  }
  const owner = packages.find(({ manifest }) => manifest.name === libraryOf(specifier));
  if (!owner) return undefined;
  const subpath = `.${specifier.slice(owner.manifest.name.length)}`;
  const source = owner.manifest.exports[subpath]?.["msrl-source"];
  return source ? join(owner.path, source) : { missing: `${owner.manifest.name} exports no ${subpath}` };
};

/** Rules between packages and towards libraries, for every file; `undefined` where the import is fine. */
const packageRule = (file, owner, { specifier }, to) => {
  const door = doors.find(({ library }) => library.test(specifier));
  if (door && !file.name.startsWith(door.folder) && !(door.tests && isTest(file.name)))
    return `only ${door.folder} imports ${libraryOf(specifier)}`;
  if (!owner) return undefined;
  const other = typeof to === "string" ? ownerOf(to) : undefined;
  if (typeof to === "string" && specifier.startsWith(".") && other !== owner)
    return `a relative import leaves ${owner.manifest.name}; import the package by its name`;
  if (other && other !== owner && other.folder !== "core")
    return `${owner.manifest.name} may import ${owner.folder === "core" ? "no other package" : "@msrl/core only"}`;
  if (isTest(file.name) || isProgram(file.name)) return undefined;
  if (other === owner && !specifier.startsWith(".")) return `inside ${owner.manifest.name} imports are relative`;
  if (to !== undefined)
    return other?.folder === "core" && owner.folder !== "core" ? undeclared(owner, specifier) : undefined;
  return builtinModules.includes(specifier.replace(/^node:/, "")) ? undefined : undeclared(owner, specifier);
};

const undeclared = ({ manifest }, specifier) =>
  [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies].some(
    (list) => list && libraryOf(specifier) in list,
  )
    ? undefined
    : `${libraryOf(specifier)} is not among the dependencies of ${manifest.name}`;

/** Rules between the parts of core; tests beside the source may use any part. */
const layerRule = (file, to) => {
  const from = layerOf(file.path);
  const at = typeof to === "string" ? layerOf(to) : undefined;
  if (from === undefined || at === undefined || from === at || isTest(file.name)) return undefined;
  if (!(from in coreLayers)) return `core has no part named ${from}: give it a row in scripts/arrows.mjs`;
  return coreLayers[from].includes(at)
    ? undefined
    : `core's ${from} may import ${coreLayers[from].join(", ") || "nothing above it"}, not ${at}`;
};

/** Cycles of imports that remain after types are erased, each once, as the list of its files. */
const cycles = (files) => {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(({ typeOnly }) => !typeOnly).map(({ specifier, line }) => ({ to: target(specifier, path), line })),
    ]),
  );
  const done = new Set();
  const found = [];
  const visit = (path, trail) => {
    const at = trail.findIndex((step) => step.path === path);
    if (at >= 0) return found.push(trail.slice(at));
    if (done.has(path)) return undefined;
    for (const { to, line } of edges.get(path) ?? []) if (typeof to === "string") visit(to, [...trail, { path, line }]);
    return done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return found;
};

const check = (file) => {
  const owner = ownerOf(file.path);
  const imports = file.imports.flatMap((one) => {
    const to = target(one.specifier, file.path);
    const broken = to?.missing ?? packageRule(file, owner, one, to) ?? layerRule(file, to);
    return broken ? [`${file.name}:${one.line}  ${one.specifier}: ${broken}`] : [];
  });
  const impure = !owner || isTest(file.name) || isProgram(file.name) ? [] : file.uses;
  return [
    ...imports,
    ...impure.map(({ name, line }) => `${file.name}:${line}  ${name}: keys, time and settings come in as arguments`),
  ];
};

const files = ["packages", "examples", "test", "scripts", "bench"]
  .flatMap((folder) => walk(join(root, folder)))
  .map(read);
const violations = [
  ...files.flatMap(check),
  ...cycles(files).map(
    (steps) =>
      `${relative(root, steps[0].path)}:${steps[0].line}  cycle: ${[...steps, steps[0]].map(({ path }) => relative(root, path)).join(" -> ")}`,
  ),
];
for (const { name, lines } of files.filter(({ lines }) => lines > maximumLines))
  console.log(`warning: ${name} has ${lines} lines, more than ${maximumLines}`);
for (const violation of violations) console.log(violation);
console.log(`${files.length} files, ${violations.length} violation${violations.length === 1 ? "" : "s"}`);
process.exitCode = violations.length > 0 ? 1 : 0;
