// npm run test:interop, the part of the rewards: trainers of others, as they are, with our rewards over HTTP.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { accuracy, format, perCompletion, weightedSum } from "@msrl/rewards";
import { serveRewards, shim, shimNames } from "@msrl/rewards/serve";
import { root } from "../../../scripts/packages.mjs";
import { run } from "../../../scripts/run.mjs";
import { type Environment, environment } from "../environment.js";

const reward = weightedSum({
  accuracy: { reward: accuracy(), weight: 1 },
  format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
  vowels: {
    reward: perCompletion("vowels", (text) => (text.match(/[aeiou]/gi)?.length ?? 0) / Math.max(text.length, 1)),
    weight: 1,
  },
});

/** A SandboxFusion server that runs nothing: it answers with the code that it was sent. */
const sandbox = async () => {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => {
      body += data;
    });
    request.on("end", () => {
      const run_result = { status: "Finished", stdout: JSON.parse(body).code, stderr: "", return_code: 0 };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ status: "Success", compile_result: null, run_result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
};

const checks = async ({ python, folder, checks }: Environment): Promise<boolean> => {
  for (const name of shimNames) writeFileSync(join(folder, `msrl_${name}.py`), shim(name));
  const code = await sandbox();
  const server = await serveRewards({
    reward: reward as never,
    parts: ["accuracy", "format", "vowels"],
    port: 0,
    token: "interop",
    sandbox: code.url,
    now: Date.now,
  });
  const env = {
    ...process.env,
    MSRL_URL: server.url,
    MSRL_TOKEN: "interop",
    MSRL_MODEL: join(root, "test/fixtures/hf/llama-tiny"),
    PYTHONPATH: folder,
    HF_HUB_OFFLINE: "1",
    CUDA_VISIBLE_DEVICES: "",
  };
  let passed = true;
  for (const check of checks) {
    const started = performance.now();
    const { code, output } = await run(python, [join(import.meta.dirname, `${check}_check.py`)], { cwd: folder, env });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const last = output.trim().split("\n").at(-1);
    console.log(code === 0 ? `ok      ${check}: ${last}, ${seconds} s` : `FAILED  ${check}\n${output}`);
    passed &&= code === 0;
  }
  await server.close();
  code.close();
  return passed;
};

/** The checks of the rewards; whether none failed. */
export const rewardChecks = async (folder: string): Promise<boolean> => {
  const found = await environment(folder);
  for (const reason of found.missing) console.log(`not run: rewards: ${reason}`);
  return found.checks.length === 0 || checks(found);
};
