import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import type { Expr } from "../graph/index.js";
import { grad, input, matmul, reduceSum, rematerialise, softmax, tanh, toModel } from "../graph/index.js";
import { decodeModel } from "../graph/proto.js";

const { InferenceSession } = createRequire(import.meta.url)("onnxruntime-node");

/** Nodes of each operator in the graph that ONNX Runtime made of a model. */
const optimised = async (
  outputs: Readonly<Record<string, Expr>>,
  level: string,
): Promise<ReadonlyMap<string, number>> => {
  const model = toModel({ name: "optimised", outputs });
  if (E.isLeft(model)) throw model.left;
  const folder = await mkdtemp(join(tmpdir(), "rematerialise-"));
  const optimizedModelFilePath = join(folder, "model.onnx");
  const options = { graphOptimizationLevel: level, optimizedModelFilePath, logSeverityLevel: 3 };
  const session = await InferenceSession.create(model.right.bytes, options);
  await session.release();
  const nodes = decodeModel(await readFile(optimizedModelFilePath)).graph?.node ?? [];
  await rm(folder, { recursive: true });
  return nodes.reduce((counts, { opType = "" }) => counts.set(opType, (counts.get(opType) ?? 0) + 1), new Map());
};

describe("ONNX Runtime's optimisation of a rematerialised graph", () => {
  const [x, w] = [input("x", "float32", [4, 8]), input("w", "float32", [8, 8])];
  const layer = (h: Expr): Expr => softmax(matmul(tanh(matmul(h, w)), w));
  const gradients = (f: (h: Expr) => Expr) => {
    const loss = reduceSum(tanh(f(f(f(x)))));
    return { loss, dw: grad(loss, [w])[0]! };
  };

  it.each(["basic", "extended", "all"])("%s: merges no copy with what it is a copy of", async (level) => {
    const plain = await optimised(gradients(layer), level);
    const again = await optimised(gradients(rematerialise(layer)), level);
    expect(plain.get("Softmax")).toBe(3);
    expect(again.get("Softmax")).toBe(6);
    expect(again.get("Tanh")! - plain.get("Tanh")!).toBe(3);
    expect(again.get("Where")).toBe(3);
  });
});
