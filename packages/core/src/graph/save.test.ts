import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { afterAll, describe, expect, it } from "vitest";
import { toPromise } from "../errors.js";
import { openDevice } from "../session/index.js";
import { float32, type Tensors } from "../tensor.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { add, less, mul, silu, stopGradient, tanh } from "./ops/elementwise.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { input, scalar } from "./ops/op.js";
import { reduceMean } from "./ops/reduce.js";
import { saveModel, saveModelTask } from "./save.js";
import { type Model, toModel } from "./toModel.js";

const folder = mkdtempSync(join(tmpdir(), "save-test-"));
const device = await openDevice({ thread: "main", threads: 1 });
afterAll(async () => {
  await device.close();
  rmSync(folder, { recursive: true });
});

const modelOf = (name: string, outputs: Readonly<Record<string, Expr>>): Model => {
  const model = toModel({ name, outputs });
  if (E.isLeft(model)) throw model.left;
  return model.right;
};

const x = input("x", "float32", ["batch", 3]);
const w = input("w", "float32", [3, 3]);

describe("saveModel", () => {
  const model = modelOf("tanh", { y: tanh(x) });

  it("writes the bytes, replaces what was there, and leaves nothing beside it", async () => {
    const path = join(folder, "model.onnx");
    writeFileSync(path, "old");
    expect(await saveModel(path, model)).toBe(path);
    expect(new Uint8Array(readFileSync(path))).toEqual(model.bytes);
    expect(readdirSync(folder)).toEqual(["model.onnx"]);
  });

  it("says which model, which path and why not", async () => {
    const path = join(folder, "nowhere", "model.onnx");
    const result = await saveModelTask(path, model)();
    if (E.isRight(result)) throw new Error("a Left expected");
    expect(result.left).toMatchObject({ _tag: "ModelSaveError", path });
    expect(result.left.message).toContain(`model "tanh" cannot be written to ${path}: ENOENT`);
  });
});

const python = process.env.MSRL_PYTHON ?? "python3";

/** Why Python cannot take part; empty if it can. */
const missing = ((): string => {
  try {
    execFileSync(python, ["-c", "import numpy, onnx, onnxruntime"], { stdio: "pipe" });
    return "";
  } catch {
    return ` (skipped: ${python} cannot import numpy, onnx and onnxruntime; MSRL_PYTHON names another Python)`;
  }
})();

const script = `
import json, sys
import numpy, onnx, onnxruntime
path, check, inputs = sys.argv[1], sys.argv[2] == "check", json.loads(sys.argv[3])
onnx.checker.check_model(onnx.load(path), full_check=check)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
fed = {name: numpy.array(data, numpy.float32).reshape(shape) for name, (shape, data) in inputs.items()}
outputs = zip(session.get_outputs(), session.run(None, fed))
print(json.dumps({output.name: [list(value.shape), value.flatten().tolist()] for output, value in outputs}))
`;

const hidden = (h: Expr): Expr => tanh(matmul(h, w), "hidden");

/** Graphs of ONNX's own operators, and one with ONNX Runtime's, which ONNX's checker takes as they are. */
const cases: Readonly<Record<string, () => Readonly<Record<string, Expr>>>> = {
  "a loss and its gradient": () => {
    const y = add(hidden(x), mul(stopGradient(x), 0.5));
    const loss = reduceMean(mul(y, y));
    return { loss, dw: grad(loss, [w])[0]! };
  },
  "a loop": () => {
    const { carried, kept } = loop(scalar(5, "int64"), [{ initial: x, shape: x.shape }], (turn, [h]) => ({
      proceed: less(turn, scalar(2, "int64")),
      carried: [hidden(h!)],
      kept: [reduceMean(h!)],
    }));
    return { last: carried[0]!, means: kept[0]! };
  },
  "operators of ONNX Runtime": () => ({ y: silu(matmul(x, w, { transB: true, alpha: 0.5 })) }),
};

describe(`a saved model in Python${missing}`, () => {
  const inputs: Tensors = {
    x: float32([2, 3], [0.1, -0.2, 0.3, 0.4, 0.5, -0.6]),
    w: float32([3, 3], [1, 0.5, -1, 0.25, 2, 0, -0.5, 1, 1]),
  };

  it.skipIf(missing !== "").each(Object.entries(cases))(
    "%s: passes the checker, gives equal numbers",
    async (name, build) => {
      const model = modelOf(name, build());
      const path = await saveModel(join(folder, "python.onnx"), model);
      const fed = JSON.stringify(
        Object.fromEntries(Object.entries(inputs).map(([key, t]) => [key, [t.shape, [...t.data]]])),
      );
      const check = name === "operators of ONNX Runtime" ? "run" : "check";
      const printed = execFileSync(python, ["-c", script, path, check, fed], { encoding: "utf8" });
      const ours = await toPromise(
        pipe(
          device.compile(model),
          TE.chain((kernel) => kernel.run(inputs)),
        ),
      );
      const theirs = JSON.parse(printed) as Record<string, [number[], number[]]>;
      expect(Object.keys(theirs)).toEqual(Object.keys(ours));
      for (const [key, [shape, data]] of Object.entries(theirs)) {
        expect(shape).toEqual(ours[key]?.shape);
        // Another release of the same runtime: the last bits of tanh may differ.
        for (const [at, value] of data.entries()) expect(value).toBeCloseTo(Number(ours[key]?.data[at]), 5);
      }
    },
  );
});
