import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import { crossEntropy, grpo } from "@msrl/core/losses";
import { sgd } from "@msrl/core/optim";
import type { TrainablePolicy } from "@msrl/core/policy";
import { expect, it } from "vitest";
import type { ScriptedState } from "../../test/scriptedPolicy.js";
import { policy, promptOf, scriptedStage } from "../../test/scriptedStage.js";
import { runStage, runStageTask } from "./runStage.js";
import type { RunStageOptions } from "./runStageOptions.js";
import { sftStage } from "./sft.js";
import type { Stage } from "./stage.js";

const state = await toPromise(policy.init(key(1)));

/** The policy, with every effect noted. */
const watched = (): { readonly policy: TrainablePolicy<ScriptedState>; readonly did: string[] } => {
  const did: string[] = [];
  const note =
    <Arguments extends readonly unknown[], Result>(name: string, verb: (...given: Arguments) => Result) =>
    (...given: Arguments): Result => {
      did.push(name);
      return verb(...given);
    };
  const { sample, logProbs, update, save, load } = policy;
  const verbs = { sample, logProbs, update, save, load };
  const noted = Object.entries(verbs).map(([name, verb]) => [name, note(name, verb as (...given: never) => unknown)]);
  return { policy: { ...policy, ...Object.fromEntries(noted) }, did };
};

const refused = async (stage: Partial<Stage<ScriptedState>>, options: object = {}) => {
  const { policy: own, did } = watched();
  const all = { policy: own, state, key: key(1), ...options } as RunStageOptions<ScriptedState>;
  const error = await runStage({ ...scriptedStage(), ...stage }, all).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(did).toEqual([]);
  return error;
};

it.each([
  ["steps", { steps: -1 }, {}, "-1, wanted a whole number from 0"],
  ["steps", { steps: 1.5 }, {}, "1.5, wanted a whole number from 0"],
  ["steps", { steps: undefined as never }, {}, "undefined, wanted a whole number from 0"],
  ["batchSize", { batchSize: 0 }, {}, "0, wanted a whole number from 1"],
  ["data", { items: 0 }, {}, "0 items"],
  ["keep", { keep: -1 }, {}, "-1, wanted a whole number from 0"],
  ["name", { name: "" }, {}, "a text that is not empty"],
  ["checkpoint.every", {}, { checkpoint: { folder: "runs", every: 0 } }, "0, wanted a whole number from 1"],
  ["checkpoint.folder", {}, { checkpoint: { folder: "", every: 1 } }, "wanted a path"],
  [
    "checkpoint.resum",
    {},
    { checkpoint: { folder: "runs", every: 1, resum: true } },
    "not an option, wanted one of folder",
  ],
  ["onstep", {}, { onstep: () => {} }, "not an option, wanted one of policy"],
] as const)("refuses %s before anything runs", async (field, stage, options, message) => {
  const error = await refused(stage, options);
  expect(error).toMatchObject({ _tag: "StageConfiguration", field });
  expect(error.message).toContain(`stage ${stage && "name" in stage ? "" : "rl"}: ${field} is `);
  expect(error.message).toContain(message);
});

it("tells all that is wrong at once", async () => {
  const error = await refused({ steps: -1, batchSize: 0 }, { checkpoint: { folder: "runs", every: -2 } });
  expect(error.problems.map(({ field }: { readonly field: string }) => field)).toEqual([
    "steps",
    "batchSize",
    "checkpoint.every",
  ]);
  expect(error.message.split("\n")).toHaveLength(3);
});

it("refuses a loss that needs what the policy does not give, before anything runs", async () => {
  const error = await refused({ loss: grpo({ reportEntropy: true }) });
  expect(error).toMatchObject({ _tag: "NeedNotMet", policy: "scripted", loss: "grpo", needs: ["entropy"] });
});

it("gives the same error through the TaskEither door", async () => {
  const result = await runStageTask({ ...scriptedStage(), steps: -1 }, { policy, state, key: key(1) })();
  expect(result).toMatchObject({ _tag: "Left", left: { _tag: "StageConfiguration", field: "steps" } });
});

it.each([
  ["steps", { steps: -1 }],
  ["batchSize", { batchSize: 0 }],
  ["data", { questions: [] }],
  ["sampling.samples", { sampling: { samples: 0, temperature: 1, maxTokens: 1 } }],
  ["sampling.temperature", { sampling: { samples: 2, temperature: Number.NaN, maxTokens: 1 } }],
  ["sampling.maxTokens", { sampling: { samples: 2, temperature: 1, maxTokens: 0 } }],
  ["replay.newPerOld", { replay: { from: [], newPerOld: 0, weight: 1 } }],
  ["replay.weight", { replay: { from: [], newPerOld: 5, weight: Number.POSITIVE_INFINITY } }],
  ["keep", { keep: { threshold: 1, limit: -1 } }],
  ["keep.threshold", { keep: { threshold: Number.NaN, limit: 1 } }],
  ["batchsize", { batchsize: 3 } as object],
] as const)("refuses %s where a GRPO stage is made", (field, options) => {
  expect(() => scriptedStage(options)).toThrow(
    expect.objectContaining({ _tag: "StageConfiguration", stage: "rl", field }),
  );
});

it.each([
  ["steps", { steps: -1 }],
  ["data", { examples: [] }],
  ["example", { example: [] } as object],
] as const)("refuses %s where an SFT stage is made", (field, options) => {
  const example = { prompt: promptOf("q0"), completion: "A" };
  const optimizer = { transform: sgd({ learningRate: 1 }) };
  const good = { name: "sft", examples: [example], steps: 1, batchSize: 1, loss: crossEntropy(), optimizer };
  expect(() => sftStage({ ...good, ...options })).toThrow(
    expect.objectContaining({ _tag: "StageConfiguration", field }),
  );
});

it("refuses a folder that holds a run, which stays as it was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "msrl-held-"));
  const checkpoint = { folder, every: 4 };
  await runStage(scriptedStage({ steps: 6 }), { policy, state, key: key(1), checkpoint });
  const before = readdirSync(folder);
  const error = await refused({}, { checkpoint });
  expect(error).toMatchObject({ _tag: "StageConfiguration", field: "checkpoint.folder" });
  expect(error.message).toContain(`${folder}, which holds a run of 6 steps, wanted a folder without checkpoints`);
  expect(error.message).toContain("resume: true");
  expect(readdirSync(folder)).toEqual(before);
  rmSync(folder, { recursive: true });
});

it("tells a folder that cannot be read", async () => {
  const error = await refused({}, { checkpoint: { folder: import.meta.filename, every: 1 } });
  expect(error).toMatchObject({ _tag: "CheckpointIo", message: expect.stringContaining("ENOTDIR") });
});

it("hands on what the policy refuses", async () => {
  const stage = scriptedStage({ questions: [{ prompt: promptOf("q9"), reference: "A" }] });
  const result = await runStageTask(stage, { policy, state, key: key(1) })();
  expect(result).toMatchObject({ left: { _tag: "BadPrompt", id: "q9" } });
});
