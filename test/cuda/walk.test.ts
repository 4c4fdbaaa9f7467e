import { fromModel, offCuda } from "@msrl/core/graph";
import { openDevice } from "@msrl/core/session";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { runsOnCuda } from "../../packages/core/src/graph/cudaOperators.js";
import { ops } from "../../packages/core/src/graph/registry.js";
import { corpus } from "./corpus.js";
import { flows } from "./flows.js";
import { recordingDevice } from "./recordingDevice.js";

describe("what the library emits has CUDA kernels for every node", () => {
  it.each(corpus())("%s", (_, outputs) => {
    expect(offCuda(outputs)).toEqual([]);
  });

  it("every operator of the graph", () => {
    const dtypeOf = (operator: string) => (["And", "Not", "Or"].includes(operator) ? "bool" : "float32");
    const nodes = Object.values(ops).map((op) => ({
      ...op,
      inputs: [],
      attributes: {},
      outputs: [{ dtype: dtypeOf(op.operator), shape: [] } as const],
      broken: false,
    }));
    expect(nodes.filter((node) => !runsOnCuda(node)).map(({ operator }) => operator)).toEqual([]);
  });

  it("covers the losses, the distillation losses and the optimizers", () => {
    const kinds = corpus().map(([name]) => name.split(" ")[0]!);
    const count = (kind: string) => kinds.filter((each) => each === kind).length;
    expect(count("loss")).toBeGreaterThanOrEqual(30);
    expect(count("distillation")).toBeGreaterThanOrEqual(4);
    expect(count("optimizer")).toBeGreaterThanOrEqual(9);
  });

  it("rollouts, log-probs and updates of a decoder: none on the CPU, none in a loop", async () => {
    const cpu = await openDevice({ threads: 1, thread: "main" });
    const { device, models } = recordingDevice(cpu, "cuda");
    await flows(device);
    await cpu.close();
    expect(models.length).toBeGreaterThan(10);
    const off = models.map(({ name, bytes }) => {
      const read = fromModel(bytes);
      if (E.isLeft(read)) throw read.left;
      return [name, offCuda(read.right.outputs)] as const;
    });
    expect(off.filter(([, nodes]) => nodes.length > 0)).toEqual([]);
  });
});
