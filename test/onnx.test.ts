import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { float32, int32, type Tensor, type Tensors, toPromise } from "@msrl/core";
import { add, type GraphError, input, type Model, saveModel, toModel } from "@msrl/core/graph";
import { k3 } from "@msrl/core/kl";
import { grpo, logitStatistics, tokenGradientModel } from "@msrl/core/losses";
import { adamw } from "@msrl/core/optim";
import { openDevice } from "@msrl/core/session";
import { distillationModel, generalisedJsd } from "@msrl/distill";
import * as E from "fp-ts/Either";
import { afterAll, describe, expect, test } from "vitest";

const python = process.env.MSRL_PYTHON ?? "python3";
const hasRuntime = spawnSync(python, ["-c", "import numpy, onnxruntime"]).status === 0;
const reason = hasRuntime ? "" : ` (skipped: ${python} cannot import numpy and onnxruntime; MSRL_PYTHON names another)`;

/** A saved model and what it is run on. */
interface Portable {
  readonly model: E.Either<unknown, Model>;
  readonly inputs: Tensors;
}

const wave = (shape: readonly number[], by: number, scale = 2): Tensor =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(at * by + by) * scale),
  );
const logProbs = (by: number): Tensor =>
  float32(
    [2, 4],
    Array.from(wave([8], by).data as Float32Array, (x) => x - 2.5),
  );
const mask = float32([2, 4], [1, 1, 1, 0, 1, 1, 0, 0]);
const counts = { tokens: float32([], [5]), sequences: float32([], [2]) };
const perToken = (name: string) => input(name, "float32", ["batch", "time"]);

const statistics = (): E.Either<GraphError, Model> => {
  const targets = input("targets", "int32", ["batch", "time"]);
  const logits = input("logits", "float32", ["batch", "time", 7]);
  const { logProbs: ofTargets, entropy, top } = logitStatistics({ entropy: true, topK: 2 })(logits, targets);
  const outputs = { logProbs: ofTargets, entropy: entropy!, topLogProbs: top!.logProbs, topIds: top!.ids };
  return toModel({ name: "statistics", outputs });
};

const adamwStep = (): { readonly model: E.Either<GraphError, Model>; readonly state: Tensors } => {
  const transform = adamw({ learningRate: 0.01, weightDecay: 0.1 });
  const w = input("w", "float32", [3]);
  const state = transform.init({ w });
  const states = Object.fromEntries(
    Object.entries(state).map(([key, { dtype, shape }]) => [key, input(key, dtype, shape)]),
  );
  const next = transform.update({ w: input("gradient", "float32", [3]) }, states, { w });
  const after = Object.fromEntries(Object.entries(next.state).map(([key, value]) => [`next.${key}`, value]));
  return { model: toModel({ name: "adamw step", outputs: { updated: add(w, next.updates.w!), ...after } }), state };
};

const step = adamwStep();
const primitives: Readonly<Record<string, Portable>> = {
  "grpo, value and gradient": {
    model: tokenGradientModel(grpo({ beta: 0.04 })),
    inputs: {
      ...{ logProbs: logProbs(1.7), oldLogProbs: logProbs(1.69), referenceLogProbs: logProbs(2.3), mask },
      ...{ advantages: wave([2, 4], 0.9), ...counts },
    },
  },
  k3: {
    model: toModel({ name: "k3", outputs: { kl: k3(perToken("policy"), perToken("reference")) } }),
    inputs: { policy: logProbs(1.7), reference: logProbs(2.3) },
  },
  "selective log-softmax, entropy and likeliest tokens": {
    model: statistics(),
    inputs: { logits: wave([2, 4, 7], 1.3), targets: int32([2, 4], [0, 6, 3, 2, 5, 5, 1, 4]) },
  },
  "generalised JSD, value and gradient": {
    model: distillationModel(generalisedJsd({ beta: 0.3, temperature: 1.5, topK: 3 }), { vocabulary: 7 }),
    inputs: {
      ...{ studentLogits: wave([2, 4, 7], 1.3), teacherLogits: wave([2, 4, 7], 2.1), mask, ...counts },
      weights: wave([2, 4], 0.7, 1),
    },
  },
  "adamw step": {
    model: step.model,
    inputs: { ...step.state, w: wave([3], 1.1), gradient: wave([3], 0.3) },
  },
};

const asJson = (tensors: Tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: Array.from(data as ArrayLike<number | bigint>, Number) },
    ]),
  );

/** Importing onnxruntime takes long on a busy machine. */
const timeout = 300_000;

describe("primitives as portable .onnx files", () => {
  const folder = mkdtempSync(join(tmpdir(), "onnx-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.skipIf(!hasRuntime)(
    `five of them run in Python's onnxruntime with equal results${reason}`,
    async () => {
      const device = await openDevice({ thread: "main", threads: 1 });
      const names = Object.keys(primitives);
      for (const [at, { model, inputs }] of Object.values(primitives).entries()) {
        if (E.isLeft(model)) throw model.left;
        const read = Object.entries(inputs).filter(([name]) => Object.hasOwn(model.right.inputs, name));
        const given = Object.fromEntries(read);
        const outputs = await toPromise((await toPromise(device.compile(model.right))).run(given));
        await saveModel(join(folder, `${at}.onnx`), model.right);
        writeFileSync(join(folder, `${at}.json`), JSON.stringify({ inputs: asJson(given), outputs: asJson(outputs) }));
      }
      await device.close();
      const script = fileURLToPath(new URL("onnx/check.py", import.meta.url));
      const { stdout, stderr } = spawnSync(python, [script, folder], { encoding: "utf8" });
      expect(stdout, stderr).not.toBe("");
      const distances = JSON.parse(stdout) as Readonly<Record<string, Readonly<Record<string, number>>>>;
      expect(Object.keys(distances).length).toBe(names.length);
      const off = Object.entries(distances).flatMap(([at, outputs]) =>
        Object.entries(outputs).flatMap(([output, distance]) =>
          distance < 1e-6 ? [] : [`${names[Number(at)]}: ${output} is off by ${distance}`],
        ),
      );
      expect(off).toEqual([]); // the other runtime's version may sum in another order
    },
    timeout,
  );
});
