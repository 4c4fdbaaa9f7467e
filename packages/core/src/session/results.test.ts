import * as E from "fp-ts/Either";
import { afterAll, describe, expect, it } from "vitest";
import { toPromise } from "../errors.js";
import type { Expr } from "../graph/expr.js";
import { exp, tanh } from "../graph/ops/elementwise.js";
import { matmul } from "../graph/ops/matmul.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { type Model, toModel } from "../graph/toModel.js";
import { key, normal } from "../rng.js";
import { type Tensors, tensor, zeros } from "../tensor.js";
import type { Device } from "./device.js";
import { openDevice } from "./openDevice.js";

const modelOf = (name: string, outputs: Readonly<Record<string, Expr>>): Model => {
  const model = toModel({ name, outputs });
  if (E.isLeft(model)) throw model.left;
  return model.right;
};

const run = async (device: Device, model: Model, inputs: Tensors): Promise<Tensors> => {
  const kernel = await toPromise(device.compile(model));
  return toPromise(kernel.run(inputs));
};

const devices = new Map<string, Promise<Device>>();
const deviceOn = (thread: "main" | "worker", threads = 1): Promise<Device> => {
  const id = `${thread} ${threads}`;
  const device = devices.get(id) ?? openDevice({ thread, threads });
  devices.set(id, device);
  return device;
};
afterAll(async () => {
  for (const device of devices.values()) await (await device).close();
});

describe("results", () => {
  it("have the same bits over repeated runs, over 1 and 2 threads, on worker and main", async () => {
    const width = 96;
    const w = input("w", "float32", [width, width]);
    const hidden = tanh(matmul(input("a", "float32", ["rows", width]), w));
    const model = modelOf("layer", { y: matmul(exp(hidden), w), total: reduceSum(hidden, [0, 1]) });
    const inputs = {
      a: tensor("float32", [300, width], normal(key(1), 300 * width)),
      w: tensor("float32", [width, width], normal(key(2), width * width)),
    };
    const wanted = await run(await deviceOn("main", 1), model, inputs);
    for (const thread of ["main", "worker"] as const)
      for (const threads of [1, 2])
        for (let repeat = 0; repeat < 5; repeat++) {
          const given = await run(await deviceOn(thread, threads), model, inputs);
          for (const name of ["y", "total"])
            expect(
              Buffer.compare(new Uint8Array(given[name]!.data.buffer), new Uint8Array(wanted[name]!.data.buffer)),
            ).toBe(0);
        }
  });
});

describe("a long run on a worker", () => {
  it("leaves this thread alive", async () => {
    const square = input("square", "float32", [1024, 1024]);
    const chain = Array.from({ length: 60 }).reduce<Expr>((product) => matmul(product, square), square);
    const kernel = await toPromise(
      (await deviceOn("worker", 1)).compile(modelOf("long", { y: reduceSum(chain, [0, 1]) })),
    );
    const inputs = { square: zeros("float32", [1024, 1024]) };
    const start = performance.now();
    const ticks = [start];
    const timer = setInterval(() => ticks.push(performance.now()), 5);
    await toPromise(kernel.run(inputs));
    clearInterval(timer);
    const end = performance.now();
    const gaps = [...ticks, end].slice(1).map((at, index) => at - ticks[index]!);
    expect(Math.max(...gaps)).toBeLessThan((end - start) / 2);
    expect(end - start).toBeGreaterThan(50);
  });
});
