import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../scripts/run.mjs";
import { fails } from "./fails.js";

/** Where the checks run, which of them can, and why the others cannot. */
export interface Environment {
  readonly python: string;
  readonly folder: string;
  readonly checks: readonly string[];
  readonly missing: readonly string[];
}

const torch = "torch==2.13.0";
const cpuWheels = "https://download.pytorch.org/whl/cpu";
const packages = ["trl==1.16.0", "transformers[serving]", "pillow", "aiohttp", "requests", "openai"];

type Source = { readonly files: readonly string[] } & (
  | { readonly release: string }
  | { readonly repository: string; readonly commit: string }
);

/**
 * Files of other projects that run as they are, nothing of which is kept in this repository: of a release where it has them, else
 * of a commit.
 */
const sources: Readonly<Record<string, Source>> = {
  openrlhf: {
    release: "openrlhf==0.11.2",
    files: ["openrlhf/utils/agent.py", "openrlhf/utils/logging_utils.py"],
  },
  verl: {
    release: "verl==0.9.1",
    files: [
      "verl/experimental/reward_loop/reward_manager/naive.py",
      "verl/trainer/ppo/reward.py",
      "verl/utils/import_utils.py",
      "verl/utils/reward_score/sandbox_fusion/utils.py",
    ],
  },
  swift: {
    repository: "modelscope/ms-swift",
    commit: "3602360a562313afbf2ef6065fdf61f271a2c5b9",
    files: ["examples/train/grpo/plugin/plugin.py"],
  },
};

/** Where pip finds torch: its own wheels for the CPU where they can be had, else what its index holds, of whatever size. */
const torchFrom = (): Promise<readonly string[]> =>
  fetch(`${cpuWheels}/torch/`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => (ok ? [torch, "--extra-index-url", cpuWheels] : [torch]),
    () => [torch],
  );

/** The interpreter that has these modules: that of `MSRL_INTEROP_PYTHON`, or of a virtual environment made here. */
export const interpreter = async (
  folder: string,
  modules: string,
): Promise<{ readonly python: string; readonly missing?: string }> => {
  const given = process.env.MSRL_INTEROP_PYTHON;
  const python = given ?? join(folder, "venv/bin/python");
  if (given === undefined && !existsSync(python)) {
    const none = await fails(120, "python3", "-m", "venv", join(folder, "venv"));
    if (none !== undefined) return { python, missing: none };
  }
  const imports = ["-c", `import ${modules}`];
  if ((await fails(120, python, ...imports)) === undefined) return { python };
  console.log(`installing ${torch} ${packages.join(" ")}`);
  for (const list of [await torchFrom(), packages]) {
    const none = await fails(300, python, "-m", "pip", "install", "--quiet", "--retries", "1", ...list);
    if (none !== undefined) return { python, missing: none };
  }
  const broken = await fails(120, python, ...imports);
  return { python, ...(broken !== undefined && { missing: broken }) };
};

/** Copies files out of the wheel in a folder, wherever in it they lie. */
const unpack = `import glob, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob("*.whl")[0])
for file in sys.argv[2:]:
    name = next(name for name in wheel.namelist() if name == file or name.endswith("/purelib/" + file))
    target = os.path.join(sys.argv[1], file)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    open(target, "wb").write(wheel.read(name))`;

/** Files of a release, into a folder; what is wrong, if they cannot be had. */
const released = async (folder: string, python: string, release: string, files: readonly string[]) => {
  const wheels = join(folder, "wheels", release);
  mkdirSync(wheels, { recursive: true });
  const any = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--platform", "manylinux1_x86_64"];
  const pip = ["-m", "pip", "download", "--quiet", "--retries", "1", ...any, "--platform", "any", "--dest", wheels];
  const none = await fails(120, python, ...pip, release);
  if (none !== undefined) return none;
  const { code, output } = await run(python, ["-c", unpack, folder, ...files], { cwd: wheels });
  return code === 0 ? undefined : `${release}: ${output.trim().split("\n").at(-1)}`;
};

/** Files of a repository at a commit, into a folder; what is wrong, if they cannot be had. */
const committed = async (folder: string, repository: string, commit: string, files: readonly string[]) => {
  const clone = join(folder, `${repository.split("/")[1]}.git`);
  if (!existsSync(clone)) await run("git", ["init", "--quiet", "--bare", clone]);
  const url = `https://github.com/${repository}`;
  const none = await fails(120, "git", "-C", clone, "fetch", "--quiet", "--depth", "1", url, commit);
  if (none !== undefined) return none;
  for (const file of files) {
    const { code, output } = await run("git", ["-C", clone, "show", `FETCH_HEAD:${file}`]);
    if (code !== 0) return `${url}: ${output.trim()}`;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), output);
  }
  return undefined;
};

/** Sees that the files of a source are in a folder; what is wrong, if they cannot be had. */
const fetched = (folder: string, python: string, source: Source): Promise<string | undefined> => {
  const absent = source.files.filter((file) => !existsSync(join(folder, file)));
  if (absent.length === 0) return Promise.resolve(undefined);
  return "release" in source
    ? released(folder, python, source.release, absent)
    : committed(folder, source.repository, source.commit, absent);
};

/** Makes what the checks need, as far as Python and the network allow. */
export const environment = async (folder: string): Promise<Environment> => {
  const { python, missing } = await interpreter(folder, "trl, torch, aiohttp, requests, openai");
  if (missing !== undefined) return { python, folder, checks: [], missing: [`no check, ${missing}`] };
  const checks = ["trl"];
  const reasons: string[] = [];
  for (const [name, source] of Object.entries(sources)) {
    const none = await fetched(folder, python, source);
    if (none === undefined) checks.push(name);
    else reasons.push(`${name}, ${none}`);
  }
  return { python, folder, checks, missing: reasons };
};
