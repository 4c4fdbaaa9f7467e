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

/** Files of other projects that are read at a commit and run as they are; nothing of them is kept in this repository. */
const sources = {
  openrlhf: {
    repository: "OpenRLHF/OpenRLHF",
    commit: "3c3be6234e0cb353e76bb8019947db9dfe99fca7",
    files: ["openrlhf/utils/agent.py", "openrlhf/utils/logging_utils.py"],
  },
  verl: {
    repository: "verl-project/verl",
    commit: "1dda039b9c6311889a9c9a26040677e1254814f9",
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
} as const;

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

/** Reads files of a repository at a commit into a folder; what is wrong, if they cannot be had. */
const fetched = async (folder: string, { repository, commit, files }: (typeof sources)[keyof typeof sources]) => {
  const absent = files.filter((file) => !existsSync(join(folder, file)));
  if (absent.length === 0) return undefined;
  const clone = join(folder, `${repository.split("/")[1]}.git`);
  const git = (...parameters: readonly string[]) => run("git", ["-C", clone, ...parameters]);
  if (!existsSync(clone)) await run("git", ["init", "--quiet", "--bare", clone]);
  const url = `https://github.com/${repository}`;
  const none = await fails(120, "git", "-C", clone, "fetch", "--quiet", "--depth", "1", url, commit);
  if (none !== undefined) return none;
  for (const file of absent) {
    const { code, output } = await git("show", `FETCH_HEAD:${file}`);
    if (code !== 0) return `${url}: ${output.trim()}`;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), output);
  }
  return undefined;
};

/** Makes what the checks need, as far as Python and the network allow. */
export const environment = async (folder: string): Promise<Environment> => {
  const { python, missing } = await interpreter(folder, "trl, torch, aiohttp, requests, openai");
  if (missing !== undefined) return { python, folder, checks: [], missing: [`no check, ${missing}`] };
  const checks = ["trl"];
  const reasons: string[] = [];
  for (const [name, source] of Object.entries(sources)) {
    const none = await fetched(folder, source);
    if (none === undefined) checks.push(name);
    else reasons.push(`${name}, ${none}`);
  }
  return { python, folder, checks, missing: reasons };
};
