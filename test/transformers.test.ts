import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { text, toPromise } from "@msrl/core";
import { openDevice } from "@msrl/core/session";
import { expect, test } from "vitest";
import { backboneFolder, loadBackbone } from "../examples/emoji-preferences/backbone.js";

const python = process.env.MSRL_PYTHON ?? "python3";
const hasTransformers = spawnSync(python, ["-c", "import torch, transformers"]).status === 0;
const reason = hasTransformers
  ? ""
  : ` (skipped: ${python} cannot import torch and transformers; MSRL_PYTHON names another)`;

const question = "ask think answer : story attic monkey , kitchen frog , question what kitchen A monkey B frog";
const completion = "<think> see kitchen frog . monkey A . frog B . frog B fits </think> <answer> B </answer>";

/** Loading torch takes long on a busy machine. */
const timeout = 300_000;

test.skipIf(!hasTransformers)(
  `the saved base model is a Llama that Python's transformers loads, with equal log-probs${reason}`,
  async () => {
    const script = fileURLToPath(new URL("transformers/log_probs.py", import.meta.url));
    const { stdout, stderr } = spawnSync(python, [script, backboneFolder, question, completion], {
      encoding: "utf8",
      env: { ...process.env, HF_HUB_OFFLINE: "1" },
    });
    expect(stdout, stderr).not.toBe("");
    const theirs = JSON.parse(stdout) as readonly number[];

    const device = await openDevice({ threads: 1 });
    const { policy, state } = await loadBackbone(device);
    const prompt = { id: "q1", messages: [{ role: "user" as const, content: [text(question)] }] };
    const [ours] = await toPromise(policy.logProbs(state, [{ prompt, completions: [policy.tokenize(completion)] }]));
    await device.close();
    expect(ours![0]!.length).toBe(theirs.length);
    for (const [at, value] of theirs.entries()) expect(ours![0]![at]).toBeCloseTo(value, 4); // float32 sums in another order
  },
  timeout,
);
