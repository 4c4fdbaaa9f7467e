import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The packages, core first: the others are built against its built types. */
export const packages = readdirSync(join(root, "packages"))
  .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
  .sort((a, b) => Number(b === "core") - Number(a === "core") || a.localeCompare(b))
  .map((folder) => {
    const path = join(root, "packages", folder);
    return { folder, path, manifest: JSON.parse(readFileSync(join(path, "package.json"), "utf8")) };
  });

/** Every name a user can import: `@msrl/core`, `@msrl/core/graph`, ... */
export const subpaths = packages.flatMap(({ manifest }) =>
  Object.keys(manifest.exports).map((subpath) => manifest.name + subpath.slice(1)),
);
