import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { key, toPromise } from "@msrl/core";
import { crossEntropy } from "@msrl/core/losses";
import { mergeAdapter, saveAdapter, toHub } from "@msrl/core/models";
import { adamw } from "@msrl/core/optim";
import { afterAll, describe, expect, it } from "vitest";
import { testDevice } from "../packages/core/test/testDevice.js";
import { promptOf } from "../packages/core/test/tinyDecoder.js";
import { trainingOf } from "./fixtures/batches.js";
import { type Fixture, fixtures, idTokenizer, modelOf, policyOf } from "./fixtures/fixture.js";

const python = process.env.MSRL_PYTHON ?? "python3";
const can = (modules: string): boolean => spawnSync(python, ["-c", `import ${modules}`]).status === 0;
const [hasTransformers, hasPeft] = [can("torch, transformers"), can("torch, transformers, peft")];
const reason = (modules: string): string => ` (skipped: ${python} cannot import ${modules}; MSRL_PYTHON names another)`;

const root = mkdtempSync(join(tmpdir(), "msrl-hub-python-"));
afterAll(() => rmSync(root, { recursive: true }));
const { device } = testDevice();

/** Loading torch takes long on a busy machine. */
const timeout = 300_000;
const prompt = [5, 71, 20, 9, 300];
const completion = [44, 12, 101, 3, 260, 7];

/** A model folder, and the adapter over it. */
type Job = readonly [model: string, adapter: string | null];

/** Python's log-probs of the completion under each, in one process. */
const theirs = (jobs: readonly Job[]): readonly (readonly number[])[] => {
  const script = fileURLToPath(new URL("transformers/hub_log_probs.py", import.meta.url));
  const words = [jobs, prompt, completion].map((each) => JSON.stringify(each));
  const { stdout, stderr } = spawnSync(python, [script, ...words], {
    encoding: "utf8",
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
  });
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
};

const expectSame = (ours: Float32Array, wanted: readonly number[]): void => {
  expect(ours.length).toBe(wanted.length);
  for (const [at, value] of wanted.entries()) expect(ours[at]).toBeCloseTo(value, 4); // float32 sums in another order
};

/** A policy on a fixture after two updates, and its log-probs of the completion. */
const trained = async (fixture: Fixture, lora?: { readonly rank: number; readonly alpha: number }) => {
  const base = await modelOf(fixture);
  const policy = policyOf(base, await device(), idTokenizer(fixture), lora);
  let state = await toPromise(policy.init(key(1)));
  const optimizer = { transform: adamw({ learningRate: 0.01 }) };
  for (let step = 0; step < 2; step++)
    state = (await toPromise(policy.update(state, trainingOf(fixture.expected.right), crossEntropy(), optimizer)))
      .state;
  const asked = [{ prompt: promptOf("q", prompt), completions: [completion] }];
  const [[ours]] = (await toPromise(policy.logProbs(state, asked))) as [[Float32Array]];
  return { base, ours, saved: await toPromise(policy.save(state)) };
};

const own = fixtures.filter(({ expected }) => !expected.same_as && expected["lora-all"]);

describe("what is trained here", () => {
  it.skipIf(!hasTransformers)(
    `is a model that Python's transformers loads, with equal log-probs${hasTransformers ? "" : reason("torch and transformers")}`,
    async () => {
      const found: [Float32Array, Job][] = [];
      for (const fixture of own) {
        const { base, ours, saved } = await trained(fixture);
        const folder = join(root, fixture.name);
        await toHub(folder, { config: base.config, saved, tokenizerFrom: base.folder });
        found.push([ours, [folder, null]]);
      }
      const wanted = theirs(found.map(([, job]) => job));
      for (const [at, [ours]] of found.entries()) expectSame(ours, wanted[at]!);
    },
    timeout,
  );

  it.skipIf(!hasPeft)(
    `is an adapter that Python's peft loads, with equal log-probs; merged too${hasPeft ? "" : reason("torch, transformers and peft")}`,
    async () => {
      const found: [Float32Array, Job][] = [];
      for (const fixture of own) {
        const lora = { rank: 4, alpha: 8 };
        const { base, ours, saved } = await trained(fixture, lora);
        const [adapter, merged] = [join(root, `${fixture.name}-adapter`), join(root, `${fixture.name}-merged`)];
        await saveAdapter(adapter, { lora, saved, base: fixture.name });
        const tensors = mergeAdapter({ base: base.weights, lora, saved });
        await toHub(merged, { config: base.config, saved: { tensors } });
        found.push([ours, [base.folder, adapter]], [ours, [merged, null]]);
      }
      const wanted = theirs(found.map(([, job]) => job));
      for (const [at, [ours]] of found.entries()) expectSame(ours, wanted[at]!);
    },
    timeout,
  );
});
