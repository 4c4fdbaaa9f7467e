/*
 * The engine's environments, below runs/interop: uv (of the path, or installed by a python3 that has venv) and a Python 3.12 or 3.13
 * (MSRL_INTEROP_PYTHON312, of the path, of pyenv, else fetched by uv); 6 GB for each release, shared in uv's cache. The variables
 * MSRL_INTEROP_SKYRL and MSRL_INTEROP_SKYRL_JSON name environments made before; MSRL_INTEROP_ENGINE picks releases by their wire
 * (protobuf, json) and checks (equality, pipeline, clients, server), separated by commas: protobuf,equality takes two minutes.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../scripts/run.mjs";
import { fails } from "../fails.js";

/** A SkyRL that can be installed: its wire, its packages, and the variable that names an environment made before. */
export interface Release {
  readonly wire: "protobuf" | "json";
  readonly packages: readonly string[];
  readonly given: string;
}

/** The release of the protobuf wire, and the one before it. */
export const releases: readonly Release[] = [
  { wire: "protobuf", packages: ["skyrl[tinker,jax]==0.4.0", "aiohttp"], given: "MSRL_INTEROP_SKYRL" }, // aiohttp: imported, not declared
  { wire: "json", packages: ["skyrl[tinker,jax]==0.3.0", "tinker<0.23"], given: "MSRL_INTEROP_SKYRL_JSON" },
];

/** Seconds that a step of an installation may take: a machine without a network says so at the first, a slow one has time. */
const limits = { look: 20, uv: 120, venv: 300, packages: 1800 };

/** Pythons that may be there; a shim of pyenv fails unless its version is selected, so those of pyenv are named themselves. */
const pythons = async (): Promise<readonly string[]> => {
  const given = process.env.MSRL_INTEROP_PYTHON312;
  if (given !== undefined) return [given];
  const { code, output } = await run("pyenv", ["root"]);
  const versions = join(output.trim(), "versions");
  const own =
    code === 0 && existsSync(versions) ? readdirSync(versions).filter((name) => /^3\.1[23]\./.test(name)) : [];
  return ["python3.12", "python3.13", "python3", ...own.map((name) => join(versions, name, "bin/python"))];
};

/** A Python that SkyRL runs on, itself and not a shim of it; or the version that uv shall fetch. */
const interpreter = async (): Promise<string> => {
  const own = "import sys; print(sys._base_executable if (3, 12) <= sys.version_info < (3, 14) else '')";
  for (const python of await pythons()) {
    const { output } = await run(python, ["-c", own], { timeout: limits.look * 1000 });
    if (existsSync(output.trim())) return output.trim();
  }
  return "3.12";
};

/** The uv of the path, or one that any Python 3 installs beside the environments. */
const uvCommand = async (folder: string): Promise<{ readonly uv: string; readonly why?: string }> => {
  if ((await fails(limits.look, "uv", "--version")) === undefined) return { uv: "uv" };
  const tools = join(folder, "uv");
  const uv = join(tools, "bin/uv");
  if ((await fails(limits.look, uv, "--version")) === undefined) return { uv };
  const pip = ["-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "20", "uv"];
  const why =
    (await fails(limits.uv, "python3", "-m", "venv", "--clear", tools)) ??
    (await fails(limits.uv, join(tools, "bin/python"), ...pip));
  return { uv, ...(why !== undefined && { why }) };
};

/** An environment with a release in it, made if it is not there (6 GB); or why there is none. */
export const installed = async (
  folder: string,
  { wire, packages, given }: Release,
): Promise<{ readonly venv?: string; readonly why?: string }> => {
  const named = process.env[given];
  if (named !== undefined)
    return existsSync(join(named, "bin/uv")) ? { venv: named } : { why: `${given}: no bin/uv in ${named}` };
  const venv = join(folder, `skyrl-${wire}`);
  const python = join(venv, "bin/python");
  const broken = () => fails(limits.packages, python, "-c", "import jax, skyrl.tinker.api");
  if (existsSync(join(venv, "bin/uv")) && (await broken()) === undefined) return { venv };
  const { uv, why } = await uvCommand(folder);
  if (why !== undefined) return { why };
  console.log(`installing ${packages.join(" ")}, which takes 6 GB`);
  const failed =
    (await fails(limits.venv, uv, "venv", "--quiet", "--clear", "--python", await interpreter(), venv)) ??
    (await fails(limits.packages, uv, "pip", "install", "--quiet", "--python", python, "uv", ...packages)) ??
    (await broken());
  return failed === undefined ? { venv } : { why: failed };
};
