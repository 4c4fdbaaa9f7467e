import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeRollout, key, type SavedRollout, toPromise } from "@msrl/core";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, expect, it } from "vitest";
import { policy, scriptedStage } from "../../test/scriptedStage.js";
import { runStage } from "../stage/runStage.js";

const state = await toPromise(policy.init(key(1)));
const options = { policy, state, key: key(7) };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-rollouts-"));
  file = join(folder, "runs", "rollouts.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const saved = (): readonly SavedRollout<string>[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const rollout = decodeRollout<string>(line);
      if (E.isLeft(rollout)) throw rollout.left;
      return rollout.right;
    });

const stage = (steps = 4) => scriptedStage({ steps, rollouts: file });

it("writes each step's groups with their scores and what they were judged against", async () => {
  const { steps } = await runStage(stage(), options);
  const rollouts = saved();
  expect(rollouts.map(({ step }) => step)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  for (const { completions, reference } of rollouts) {
    expect(completions.length).toBe(6);
    for (const { text, tokenIds, logProbs, truncated, score } of completions) {
      const value = text === reference ? 1 : 0;
      expect(score).toEqual({ value, parts: { exact: value } });
      expect([tokenIds?.length, logProbs?.length, typeof truncated]).toEqual([1, 1, "boolean"]);
    }
  }
  const values = rollouts.slice(-2).flatMap(({ completions }) => completions.map(({ score }) => score.value!));
  expect(steps.at(-1)!.metrics.reward).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 12);
});

it("leaves of a resumed run what one that was not interrupted leaves", async () => {
  await runStage(stage(), options);
  const whole = readFileSync(file, "utf8");
  rmSync(file);
  const stop = new AbortController();
  const checkpoint = { folder: join(folder, "checkpoints"), every: 2, resume: true };
  const onStep = ({ step }: { readonly step: number }) => step === 2 && stop.abort();
  const first = runStage(stage(), { ...options, checkpoint, signal: stop.signal, onStep });
  await expect(first).rejects.toMatchObject({ _tag: "Interrupted" });
  const late = JSON.stringify({ ...saved()[0]!, step: 2 });
  writeFileSync(file, `${readFileSync(file, "utf8")}${late}\n${late.slice(0, 40)}`); // killed while it wrote
  await runStage(stage(), { ...options, checkpoint });
  expect(readFileSync(file, "utf8")).toBe(whole);
});

it("replaces the file of an earlier run, by the same stage too", async () => {
  const one = stage(2);
  await runStage(one, options);
  const whole = readFileSync(file, "utf8");
  await runStage(one, options);
  expect(readFileSync(file, "utf8")).toBe(whole);
});

it("stops the stage where the file cannot be written", async () => {
  mkdirSync(file, { recursive: true });
  const error = await runStage(stage(), options).catch((thrown) => thrown);
  expect(error).toMatchObject({ _tag: "RolloutsUnwritable", file });
  expect(error.message).toContain(`${file}: rollouts cannot be written: `);
  expect(() => scriptedStage({ rollouts: "" })).toThrow(/rollouts.*a path/);
});
