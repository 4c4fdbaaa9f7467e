import { describe, expect, it } from "vitest";
import { closeDevicesAfterAll, deviceOn, modelOf, run } from "../../test/sessions.js";
import { toPromise } from "../errors.js";
import type { Expr } from "../graph/expr.js";
import { exp, tanh } from "../graph/ops/elementwise.js";
import { matmul } from "../graph/ops/matmul.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { key, normal } from "../rng.js";
import { tensor, zeros } from "../tensor.js";

closeDevicesAfterAll();

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
